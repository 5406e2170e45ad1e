// The words about a recording that an earlier page left behind.
import type { Progress } from './chunk-uploader'
import { discardWords, willDiscardWords } from './discard-words'
import type { Where } from './track'

export type RecoveryOffer =
  | { at: 'offered'; stopped: boolean; progress: Progress }
  | { at: 'finishing'; progress: Progress }
  | { at: 'doubted'; progress: Progress }
  | { at: 'ready'; progress: Progress }
  | { at: 'discarded'; progress: Progress; where: Where; canUndo: boolean }

/** offerWords: what it is in a few words, and its state. when is its age in words. */
export function offerWords(
  offer: RecoveryOffer,
  when: string,
  position: (ms: number) => string,
): { lead: string; rest: string } {
  const { progress: p } = offer
  const length = position(p.takenMs)
  switch (offer.at) {
    case 'offered':
      return {
        lead: `A recording (${when}) ${offer.stopped ? 'is not all up yet' : 'was cut off'}.`,
        rest: `${length}, ${standing(p)}`,
      }
    case 'finishing':
      return {
        lead: p.sealed ? 'Your recording is on the server.' : 'Finishing your recording.',
        rest: `${length}, ${standing(p)}`,
      }
    case 'doubted':
      return {
        lead: 'Discard this recording?',
        rest: `${length}. ${willDiscardWords(p.safeMs > 0)}`,
      }
    case 'ready':
      return { lead: 'Your recording is ready.', rest: `${length}, nothing was lost.` }
    case 'discarded':
      if (offer.where === 'device' && !offer.canUndo) return { lead: 'The recording is gone.', rest: '' }
      return { lead: `Discarded a recording of ${length}.`, rest: discardWords(offer.where, p, offer.canUndo) }
    default: {
      const unexpected: never = offer
      return unexpected
    }
  }
}

function standing(p: Progress): string {
  const waiting = `${Math.ceil(p.waitingMs / 1000)} s still on this device`
  switch (p.problem.at) {
    case 'stuck':
      return p.problem.sentence
    case 'signed-out':
      return `${waiting}. Sign in, and it goes on. Nothing is lost.`
    case 'away':
      return `${waiting}, waiting for the server. Nothing is lost.`
    case 'none':
      return p.waitingMs > 0
        ? `${waiting}, on its way. Nothing is lost.`
        : 'everything is on the server. Nothing is lost.'
    default: {
      const unexpected: never = p.problem
      return unexpected
    }
  }
}
