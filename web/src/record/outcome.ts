// What an answer means for a recording: go on, try again, or ask somebody.
import { readDetail } from '../api/problem'
import type { Answer } from './exchange'

/** Why nothing moves until somebody decides. The take is kept on this device in every case. */
export type Stuck = { why: 'gone' | 'conflict' | 'damaged' | 'refused'; sentence: string }

export type Outcome =
  | { is: 'good' }
  | { is: 'again'; because: 'network' | 'server' | 'full' }
  | { is: 'signed-out' }
  | { is: 'damaged' }
  | { is: 'stuck'; stuck: Stuck }

/**
 * outcomeOf reads the answer to a request that carries a piece of a recording, or asks for a place
 * for it.
 */
export function outcomeOf({ status, json }: Answer): Outcome {
  if (status >= 200 && status < 300) return { is: 'good' }
  const detail = readDetail(json)
  switch (status) {
    case 0:
      return { is: 'again', because: 'network' }
    case 401:
      return { is: 'signed-out' }
    case 404:
    case 410:
      return stuck(
        'gone',
        'The link of this recording was taken away on the server. The recording is kept on this device.',
      )
    case 409:
      return stuck(
        'conflict',
        'The server holds something else under this recording’s name. The recording is kept on this device.',
      )
    case 422:
      return { is: 'damaged' }
    case 413:
      return stuck(
        'refused',
        detail ??
          'A server in front of this site refuses pieces of this size. Ask who runs the site to raise its limit.',
      )
    case 507:
      return { is: 'again', because: 'full' }
    case 408:
    case 423:
    case 425:
    case 429:
      return { is: 'again', because: 'server' }
  }
  if (status >= 500) return { is: 'again', because: 'server' }
  return stuck('refused', detail ?? `The server did not take this recording (${status}). It is kept on this device.`)
}

function stuck(why: Stuck['why'], sentence: string): Outcome {
  return { is: 'stuck', stuck: { why, sentence } }
}
