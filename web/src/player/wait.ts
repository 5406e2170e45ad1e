// Waiting for a network that is not there.

/**
 * Waits for ms, or for the network to come back, whichever is first; rejects when signal ends it.
 */
export function onlineOrAfter(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController()
    const stop = () => {
      done.abort()
      clearTimeout(timer)
    }
    const finish = () => {
      stop()
      resolve()
    }
    const timer = setTimeout(finish, ms)
    window.addEventListener('online', finish, { signal: done.signal })
    signal.addEventListener(
      'abort',
      () => {
        stop()
        reject(signal.reason)
      },
      { signal: done.signal },
    )
  })
}
