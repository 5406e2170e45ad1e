// One way to call the API: JSON in and out, problem+json as a typed error, a time limit on every
// call.
import type { Wire } from './parse'
import { parseJson, readDetail } from './problem'

/**
 * What can go wrong with a call, in words for people. `offline` is every case without a response.
 */
export type Problem =
  | { at: 'offline'; sentence: string }
  | { at: 'gone'; sentence: string }
  | { at: 'refused'; sentence: string; status: number }
  | { at: 'broken'; sentence: string; status: number }

export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.sentence)
    this.name = 'ApiError'
    this.problem = problem
  }
}

/** The sentence for people for anything that a call throws. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem
  return { at: 'broken', sentence: 'Something went wrong on this page. Try again in a moment.', status: 0 }
}

/** Reports whether a call was cancelled on purpose, so nobody needs to know. */
export function wasCancelled(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: Wire
  file?: Blob // instead of body: raw bytes
  headers?: Record<string, string>
  credentials?: RequestCredentials // default: same-origin
  signal: AbortSignal
  timeoutMs?: number
}

/**
 * Calls path and returns the parsed JSON, or undefined if there is no content. Throws ApiError, or
 * AbortError when signal ends it.
 */
export async function call(path: string, options: Call): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  const init: RequestInit = {
    method: options.method ?? 'GET',
    headers,
    credentials: options.credentials ?? 'same-origin',
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 20_000)]),
  }
  if (options.body) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(options.body)
  }
  if (options.file) init.body = options.file
  let response: Response
  let text: string
  try {
    response = await fetch(path, init)
    text = await response.text()
  } catch (error) {
    if (options.signal.aborted || wasCancelled(error)) throw new DOMException('cancelled', 'AbortError')
    throw new ApiError({ at: 'offline', sentence: 'The server cannot be reached right now.' })
  }
  const json = parseJson(text)
  if (!response.ok) throw new ApiError(problemFrom(response.status, json))
  return json
}

function problemFrom(status: number, json: unknown): Problem {
  const sentence = readDetail(json)
  if (status === 404 || status === 410) return { at: 'gone', sentence: sentence ?? 'This is not there any more.' }
  if (status === 429)
    return { at: 'refused', status, sentence: sentence ?? 'That was a lot at once. Wait a minute and try again.' }
  if (status >= 500)
    return { at: 'broken', status, sentence: sentence ?? 'The server had a problem. Try again in a moment.' }
  return { at: 'refused', status, sentence: sentence ?? 'The server did not accept that.' }
}
