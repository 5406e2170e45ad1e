// What becomes of a recording that is discarded: by Cancel, Start over or Discard.
import type { Progress } from './chunk-uploader'
import type { Where } from './track'

/** What is shorter leaves the server's trash earlier. */
const longMs = 5 * 60_000

/** discardWords are for a recording that was discarded. isHere: this device still has it. */
export function discardWords(where: Where, progress: Progress, isHere: boolean): string {
  switch (where) {
    case 'trash':
      if (progress.waitingBytes > 0)
        return `What had arrived is in the trash.${isHere ? ' The rest is on this device until you leave this page.' : ''}`
      return progress.safeMs >= longMs
        ? 'In the trash for 30 days.'
        : 'In the trash; of short takes the last three stay.'
    case 'refused':
      return 'The server refused to put it into the trash. It is still on this device, and may appear among your videos: delete it there.'
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
