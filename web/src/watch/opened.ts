// Tells the owner that the link was opened: once in a tab's life, and only when somebody has looked
// for a moment.
import { countOpen } from '../api/shares'
import { openKeep } from '../ui/kept'

const LOOKED_MS = 2_000

export function tellOpened(token: string, signal: AbortSignal): void {
  const keep = openKeep('tab')
  const key = `meanwhile:opened:${token}`
  if (keep.get(key) !== undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  const done = new AbortController()
  const tell = () => {
    done.abort()
    keep.set(key, '1')
    // a number that is one too small is no news to anybody
    countOpen(token, signal).catch(() => undefined)
  }
  const look = () => {
    clearTimeout(timer)
    if (document.visibilityState === 'visible') timer = setTimeout(tell, LOOKED_MS)
  }
  document.addEventListener('visibilitychange', look, { signal: done.signal })
  signal.addEventListener('abort', () => clearTimeout(timer))
  look()
}
