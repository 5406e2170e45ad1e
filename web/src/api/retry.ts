// When to retry: how long the waits are, and a wait that ends when the network is back.

export interface Backoff {
  firstMs: number
  longestMs: number
  factor?: number // from one wait to the next; default 2
  /** The parts of a full wait between which chance decides. Default: its upper half. */
  jitter?: readonly [least: number, most: number]
}

/** How long to wait before try number `attempt` (from 1). random is in [0, 1). */
export type RetryDelay = (attempt: number, random: number) => number

/** Waits that grow up to a limit, with jitter so that many pages do not retry at the same time. */
export function newBackoff({ firstMs, longestMs, factor = 2, jitter = [0.5, 1] }: Backoff): RetryDelay {
  const [least, most] = jitter
  return (attempt, random) => {
    const fullMs = Math.min(longestMs, firstMs * factor ** (attempt - 1))
    return Math.round(fullMs * (least + (most - least) * random))
  }
}

/**
 * waitForNetwork resolves after ms, or as soon as the browser reports that the network is back, or
 * when the signal fires.
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
