// Reports to the owner that the link was opened: once for each tab, and only after somebody has
// looked for a moment.
import { countOpen } from '../api/shared-video'
import { openSafeStorage } from '../ui/safe-storage'

const LOOKED_MS = 2_000

export function reportOpened(token: string, signal: AbortSignal): void {
  const keep = openSafeStorage('tab')
  const key = `meanwhile:opened:${token}`
  if (keep.get(key) !== undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const done = new AbortController()
  const report = () => {
    done.abort()
    keep.set(key, '1')
    // nobody misses a single count
    countOpen(token, signal).catch(() => undefined)
  }
  const refresh = () => {
    clearTimeout(timer)
    if (document.visibilityState === 'visible') timer = setTimeout(report, LOOKED_MS)
  }
  document.addEventListener('visibilitychange', refresh, { signal: done.signal })
  signal.addEventListener('abort', () => clearTimeout(timer))
  refresh()
}
