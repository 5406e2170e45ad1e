import type { Again, Away } from './upload'

/** How one attempt to send a file ended. */
export type Outcome =
  | { is: 'done' }
  | { is: 'stopped' }
  | { is: 'lost'; because: Away }
  | { is: 'signed-out' }
  | { is: 'refused'; reason: string; again: Again }

/**
 * outcomeOf reads an unsuccessful response. status is 0 without a response. detail is the server's
 * own sentence, if it sent one.
 */
export function outcomeOf(status: number, detail: string | undefined): Outcome {
  switch (status) {
    case 0:
      return { is: 'lost', because: 'network' }
    case 401:
      return { is: 'signed-out' }
    case 404:
    case 410:
      return refused(
        detail,
        'This upload was cancelled or waited too long. You can start it again from the beginning.',
        'restart',
      )
    case 409: // other offset, or another tab took over: the next try asks for the offset
    case 408:
    case 423:
    case 429:
      return { is: 'lost', because: 'server' }
    case 413: // without a sentence it comes from a proxy, not this site
      return refused(
        detail,
        'A server in front of this site does not accept files of this size. Ask whoever runs the site to raise its limit.',
        'never',
      )
    case 415:
      return refused(detail, 'This kind of file is not accepted here. Choose a video.', 'never')
    case 507:
      return refused(detail, 'The storage is full. What was uploaded is kept: go on when there is room again.', 'retry')
  }
  if (status >= 500) return { is: 'lost', because: 'server' }
  return refused(detail, `The server did not accept this file (${status}).`, 'retry')
}

function refused(detail: string | undefined, otherwise: string, again: Again): Outcome {
  return { is: 'refused', reason: detail ?? otherwise, again }
}
