// Server-sent events that stay: the browser's own reconnecting, ours where it gives up, and none
// while nobody looks.

/**
 * How long a page that nobody sees keeps its stream: browsers allow six per host on HTTP/1.1, and
 * tabs pile up.
 */
const HIDDEN_CLOSE_MS = 60_000
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 30_000

export type StreamState = 'open' | 'lost'

export interface StreamHandlers {
  onEvent(name: string, data: unknown): void
  onState(state: StreamState): void
}

/**
 * Grows by half with each attempt, within bounds; spread (0…1) keeps many pages from coming back at
 * one moment.
 */
export function retryDelayMs(attempt: number, spread: number): number {
  const base = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 1.5 ** attempt)
  return Math.round(base * (0.75 + spread / 2))
}

/** Follows the events named in names at path until signal ends. */
export function followEvents(
  path: string,
  names: readonly string[],
  handlers: StreamHandlers,
  signal: AbortSignal,
): void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let rest: ReturnType<typeof setTimeout> | undefined
  let attempt = 0

  const close = () => {
    clearTimeout(retry)
    source?.close()
    source = undefined
  }
  const open = () => {
    close()
    const stream = new EventSource(path)
    source = stream
    stream.addEventListener('open', () => {
      attempt = 0
      handlers.onState('open')
    })
    stream.addEventListener('error', () => {
      handlers.onState('lost')
      // While it is CONNECTING the browser tries by itself; CLOSED (any answer but 200) is left to
      // us.
      if (stream.readyState !== EventSource.CLOSED) return
      clearTimeout(retry)
      retry = setTimeout(open, retryDelayMs(attempt++, Math.random()))
    })
    for (const name of names) {
      stream.addEventListener(name, (event) => {
        const data = parseData(event)
        if (data !== undefined) handlers.onEvent(name, data)
      })
    }
  }
  const wake = () => {
    if (source?.readyState !== EventSource.OPEN) open()
  }
  const onVisibility = () => {
    clearTimeout(rest)
    if (document.visibilityState === 'visible') wake()
    else rest = setTimeout(close, HIDDEN_CLOSE_MS)
  }

  document.addEventListener('visibilitychange', onVisibility, { signal })
  // a stream of the network before may look open, and be dead or not: nobody would say
  window.addEventListener('online', open, { signal })
  window.addEventListener('pageshow', (event) => event.persisted && wake(), { signal })
  // an open stream would keep the page out of the back-forward cache
  window.addEventListener('pagehide', close, { signal })
  signal.addEventListener('abort', () => {
    clearTimeout(rest)
    close()
  })
  open()
}

function parseData(event: Event): unknown {
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return undefined
  try {
    return JSON.parse(event.data)
  } catch {
    return undefined // a half-written event: the next one, or the reconnect, brings the same news
  }
}
