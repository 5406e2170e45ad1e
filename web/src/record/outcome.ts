// What a response means for a recording: go on, retry, or ask somebody.
import { readDetail } from '../api/problem'
import type { Answer } from './exchange'

/** Why the take waits until somebody decides. In every case it is kept on this device. */
export type Stuck = { why: 'gone' | 'conflict' | 'damaged' | 'refused' | 'elsewhere'; sentence: string }

export type Outcome =
  | { is: 'good' }
  | { is: 'again'; because: 'network' | 'server' | 'full' }
  | { is: 'signed-out' }
  | { is: 'damaged' }
  | { is: 'stuck'; stuck: Stuck }

/**
 * outcomeOf reads the response to a request that sends a chunk of a recording, or that creates its
 * video.
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
        'The link of this recording was removed on the server. The recording is kept on this device.',
      )
    case 409:
      return stuck(
        'conflict',
        'The server has other data under this recording’s name. The recording is kept on this device.',
      )
    case 422:
      return { is: 'damaged' }
    case 413:
      return stuck(
        'refused',
        detail ??
          'A server in front of this site refuses requests of this size. Ask whoever runs the site to raise its limit.',
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
  return stuck('refused', detail ?? `The server did not accept this recording (${status}). It is kept on this device.`)
}

function stuck(why: Stuck['why'], sentence: string): Outcome {
  return { is: 'stuck', stuck: { why, sentence } }
}
