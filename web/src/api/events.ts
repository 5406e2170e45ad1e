// Server-sent events that stay open: the browser reconnects by itself, we reconnect when it gives
// up, and there is no stream while nobody looks.
import { newBackoff } from './retry'

/**
 * How long a hidden page keeps its stream: browsers allow six per host on HTTP/1.1, and people have
 * many tabs.
 */
const HIDDEN_CLOSE_MS = 60_000

/** How long a page waits before it asks again. */
export const newsRetryMs = newBackoff({ firstMs: 1_000, longestMs: 30_000, factor: 1.5, jitter: [0.75, 1.25] })

export type StreamState = 'open' | 'lost'

export interface StreamHandlers {
  onEvent(name: string, data: unknown): void
  onState(state: StreamState): void
  /**
   * The server responded without a stream. We ask again. A browser does not say what the response
   * was.
   */
  onRefused?(): void
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
      // While CONNECTING, the browser retries by itself. After CLOSED (any status but 200) we must.
      if (stream.readyState !== EventSource.CLOSED) return
      handlers.onRefused?.()
      clearTimeout(retry)
      retry = setTimeout(open, newsRetryMs(++attempt, Math.random()))
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
  // a stream of the old network may look open but be dead: nothing would report it
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
    return undefined // half an event: the next one, or the reconnect, brings the same news
  }
}
