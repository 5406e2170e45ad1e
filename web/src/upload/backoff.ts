const firstMs = 1000
const longestMs = 30_000

/**
 * backoffMs is how long to wait before try number `attempt` (from 1): doubling up to 30 s, and
 * somewhere in the upper half of that, so that a team whose network comes back does not return in
 * step. random is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 10))
  return Math.round(fullMs / 2 + (fullMs / 2) * random)
}

/**
 * waitForNetwork resolves after ms, at once when the browser says that the network is back, or when
 * the signal fires.
 */
export function waitForNetwork(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      removeEventListener('online', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    addEventListener('online', end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
