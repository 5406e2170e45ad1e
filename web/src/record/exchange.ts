// One request as data. XMLHttpRequest, because fetch does not say how much of a body was sent, and
// a slow connection must not look like a dead one.

export type Request = {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  path: string
  /** The upload's own token. The session's cookie is sent in any case. */
  token?: string
  headers?: Record<string, string>
  json?: unknown
  bytes?: Uint8Array<ArrayBuffer>
}

/** status is 0 without a response. json is undefined if the body was something else. */
export type Answer = { status: number; json: unknown }

/**
 * Exchange never rejects. It gives up after a time without any progress, or at once when the signal
 * fires.
 */
export type Exchange = (request: Request, signal: AbortSignal) => Promise<Answer>

const shortestMs = 20_000
const slowestBytesPerMs = 50

/** patienceMs is how long a request with so many bytes may stay without progress. */
export function patienceMs(bodyBytes: number): number {
  return Math.max(shortestMs, Math.ceil(bodyBytes / slowestBytesPerMs))
}

const noAnswer: Answer = { status: 0, json: undefined }

export const exchange: Exchange = (request, signal) => {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(noAnswer)
    const xhr = new XMLHttpRequest()
    const waitMs = patienceMs(request.bytes?.length ?? 0)
    let timer = setTimeout(abort, waitMs)
    function abort(): void {
      xhr.abort()
    }
    function alive(): void {
      clearTimeout(timer)
      timer = setTimeout(abort, waitMs)
    }
    function end(answer: Answer): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(answer)
    }
    signal.addEventListener('abort', abort)
    xhr.upload.onprogress = alive
    xhr.onprogress = alive
    xhr.onload = () => end({ status: xhr.status, json: parse(xhr.responseText) })
    xhr.onerror = xhr.onabort = xhr.ontimeout = () => end(noAnswer)
    xhr.open(request.method, request.path)
    xhr.setRequestHeader('Accept', 'application/json')
    if (request.token) xhr.setRequestHeader('Authorization', `Bearer ${request.token}`)
    for (const [name, value] of Object.entries(request.headers ?? {})) xhr.setRequestHeader(name, value)
    if (request.json !== undefined) xhr.setRequestHeader('Content-Type', 'application/json')
    xhr.send(request.json === undefined ? (request.bytes ?? null) : JSON.stringify(request.json))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // from a proxy
  }
}
