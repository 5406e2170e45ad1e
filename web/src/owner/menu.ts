// What the owner of a video can do with it, as a menu. The library and the watch page use it.
import { make, makeButton } from '../ui/dom'
import { makePopup, type Popup } from '../ui/popup'

/** The part of a video that decides what can be done with it. */
export interface OwnedVideo {
  /** busy: something is being made of it now. never: it does not play yet, or has failed. */
  reprocess: 'possible' | 'busy' | 'never'
  originalUrl: string | undefined
}

export interface OwnerActions {
  /** Opens the sheet of links. Missing where another menu has it. */
  share?: (opener: HTMLElement) => void
  rename: () => void
  reprocess: () => void
  trash: () => void
}

export interface OwnerMenu extends Popup {
  show(video: OwnedVideo): void
}

/** Makes the menu; opener and signal are makePopup's. */
export function makeOwnerMenu(
  opener: string | HTMLButtonElement,
  actions: OwnerActions,
  signal: AbortSignal,
): OwnerMenu {
  const { share } = actions
  const original = make('a', 'btn quiet', 'Download the original')
  original.download = ''
  const reprocess = makeButton('Process it again', 'btn quiet', actions.reprocess)
  const items = [
    makeButton('Rename', 'btn quiet', actions.rename),
    original,
    reprocess,
    makeButton('Move to the trash', 'btn quiet danger', actions.trash),
  ]
  if (share) items.unshift(makeButton('Share', 'btn quiet', () => share(popup.button)))
  const popup = makePopup(opener, items, signal)
  const show = (video: OwnedVideo) => {
    reprocess.hidden = video.reprocess === 'never'
    reprocess.disabled = video.reprocess === 'busy'
    original.hidden = video.originalUrl === undefined
    if (video.originalUrl !== undefined) original.href = video.originalUrl
  }
  return { ...popup, show }
}
