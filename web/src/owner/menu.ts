// What the owner of a video can do with it, as a menu. The library and the watch page use it.
import type { Video } from '../api/videos'
import { make, makeButton } from '../ui/dom'
import { makePopup, type Popup } from '../ui/popup'

/** The part of a video that decides what can be done with it. */
export type OwnedVideo = Pick<Video, 'state' | 'improving' | 'originalUrl'>

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
  const rename = makeButton('Rename', 'btn quiet', actions.rename)
  const items = [rename, reprocess, makeButton('Move to the trash', 'btn quiet danger', actions.trash)]
  if (share) items.unshift(makeButton('Share', 'btn quiet', () => share(popup.button)))
  const popup = makePopup(opener, items, signal)
  const show = (video: OwnedVideo) => {
    reprocess.hidden = video.state !== 'ready'
    reprocess.disabled = video.improving
    if (video.originalUrl === undefined) return original.remove()
    original.href = video.originalUrl
    rename.after(original)
  }
  return { ...popup, show }
}
