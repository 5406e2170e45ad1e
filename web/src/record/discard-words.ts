// What becomes of a recording that is discarded: by Cancel, Start over or Discard.
import type { Where } from './track'

/** discardWords are for a recording that was discarded. */
export function discardWords(where: Where): string {
  switch (where) {
    case 'trash':
      return 'In the trash for 30 days.'
    case 'leaving':
      return 'On its way to the trash.'
    case 'device':
      return 'It was only on this device: it is gone when you leave this page.'
    default: {
      const unexpected: never = where
      return unexpected
    }
  }
}

/** willDiscardWords are for the question before. isThere: the server has something of it. */
export function willDiscardWords(isThere: boolean): string {
  return isThere
    ? 'It goes to the trash, and you can undo that.'
    : 'It is only on this device. You can undo that until you leave this page.'
}
