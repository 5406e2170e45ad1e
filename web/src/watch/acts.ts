// Actions for the whole update: copy its link, embed it, and for its owner: rename it, process it
// again, move it to the trash.
import { changeVideo, reprocessVideo, restoreVideo, trashVideo } from '../api/owner'
import { problemOf, wasCancelled } from '../api/request'
import type { SharedVideo } from '../api/shared-video'
import { makeOwnerMenu, type OwnerMenu } from '../owner/menu'
import { openSheet } from '../owner/open-sheet'
import { makeRenameForm } from '../owner/rename-form'
import type { MwPlayer } from '../player/player'
import { copyFrom } from '../ui/copy'
import { make, makeButton, need, setText } from '../ui/dom'
import { makePopup, type Popup } from '../ui/popup'
import { formatPosition } from '../ui/time-code'
import { embedCodeOf, markdownOf, type Snippet } from './snippets'

export interface Acts {
  refresh(): void // the player has moved
  show(shared: SharedVideo): void
  /** The link no longer lets this reader in: they no longer know what is being done. */
  showGone(): void
}

export interface ActsOptions {
  player: MwPlayer
  shared: SharedVideo
  /** The owner moved the video to the trash, or brought it back. */
  onTrash(): void
  onRestore(): void
  signal: AbortSignal
}

export function makeActs(options: ActsOptions): Acts {
  const { player, shared, signal } = options
  const note = need('acts-note', HTMLElement)
  const moment = need('copy-moment', HTMLButtonElement)
  const link = need('copy-link', HTMLButtonElement)
  const address = `${location.origin}${location.pathname}`
  const seconds = () => Math.floor(player.positionMs / 1000)
  moment.addEventListener('click', () => void copyFrom(moment, `${address}?t=${seconds()}`, note), { signal })
  link.addEventListener('click', () => void copyFrom(link, address, note), { signal })

  let renaming = false
  const rename = (videoId: string) => {
    if (renaming) return
    renaming = true
    editTitle(videoId, signal, () => {
      renaming = false
    })
  }
  const elsewhere = makeShareMenu(shared, note)
  link.after(elsewhere.button, elsewhere.card)
  let latest = shared
  let menu: OwnerMenu | undefined
  const showMenu = (now: SharedVideo) => menu?.show({ ...now, originalUrl: undefined })
  const processAgain = async (videoId: string) => {
    showMenu({ ...latest, improving: true }) // until the event stream tells how it goes
    try {
      await reprocessVideo(videoId, signal)
      setText(need('improving', HTMLElement), 'Making it better')
    } catch (error) {
      showMenu(latest)
      if (!wasCancelled(error)) note.replaceChildren(make('p', 'small bad-text', problemOf(error).sentence))
    }
  }
  if (shared.owner && shared.videoId !== undefined) {
    const { videoId } = shared
    const actions = {
      rename: () => rename(videoId),
      reprocess: () => void processAgain(videoId),
      trash: () => askTrash(videoId, note, options),
    }
    menu = makeOwnerMenu('More', actions, signal)
    need('acts', HTMLElement).append(menu.button, menu.card)
  }

  const refresh = () => {
    if (moment.dataset.label === undefined) setText(moment, `Copy link at ${formatPosition(player.positionMs)}`)
  }
  refresh()
  showMenu(shared)
  return {
    refresh,
    show(next) {
      if (!renaming) setTitle(next.title)
      latest = next
      showMenu(next)
      elsewhere.show(next)
      setText(need('improving', HTMLElement), workOn(next))
      showLength(next)
      showDownload(next, elsewhere.card)
    },
    showGone: () => setText(need('improving', HTMLElement), ''),
  }
}

/** The work on a video that already plays. */
function workOn(shared: SharedVideo): string {
  if (shared.state === 'recording') return shared.hls === undefined ? '' : 'Recording now'
  if (!shared.improving || shared.sources.length === 0) return ''
  return `A sharper version is being made, ${Math.floor(shared.progress * 100)} %`
}

/** The length appears when it is known, as in the HTML of a ready video. */
function showLength(shared: SharedVideo): void {
  if (shared.durationMs <= 0) return
  let length = document.getElementById('length')
  if (!length) {
    length = make('span', 'num')
    length.id = 'length'
    need('improving', HTMLElement).before(length)
  }
  setText(length, formatPosition(shared.durationMs))
}

/** So does the download button. */
function showDownload(shared: SharedVideo, before: HTMLElement): void {
  const button = document.getElementById('download')
  if (shared.downloadUrl === undefined) {
    button?.remove()
    return
  }
  if (button instanceof HTMLAnchorElement) {
    button.href = shared.downloadUrl
    return
  }
  const link = make('a', 'btn quiet', 'Download')
  link.id = 'download'
  link.href = shared.downloadUrl
  link.download = ''
  before.after(link)
}

/** The snippets for other pages. The menu's own button says that one was copied. */
function makeShareMenu(first: SharedVideo, note: HTMLElement): Popup & { show(shared: SharedVideo): void } {
  let shared = first
  const snippet = (): Snippet => {
    const pageUrl = `${location.origin}${location.pathname}`
    const posterUrl = shared.poster === undefined ? undefined : `${pageUrl}/poster.jpg`
    const embedUrl = pageUrl.replace(/\/v\/([^/]+)$/, '/embed/$1')
    return { title: shared.title, pageUrl, posterUrl, embedUrl, width: shared.width, height: shared.height }
  }
  const links = async (videoId: string) => {
    const problem = await openSheet(videoId, shared.title, popup.button)
    if (problem !== '') note.replaceChildren(make('p', 'small bad-text', problem))
  }
  const { videoId } = first
  const own =
    first.owner && videoId !== undefined
      ? [makeButton('Links and who may watch', 'btn quiet', () => void links(videoId))]
      : []
  const popup = makePopup('Share', [
    ...own,
    makeButton('Copy Markdown', 'btn quiet', () => void copyFrom(popup.button, markdownOf(snippet()), note)),
    makeButton('Copy embed code', 'btn quiet', () => void copyFrom(popup.button, embedCodeOf(snippet()), note)),
  ])
  const show = (next: SharedVideo) => {
    shared = next
  }
  return { ...popup, show }
}

function setTitle(title: string, heading = document.getElementById('title')): void {
  if (!heading || heading.textContent === title) return
  document.title = document.title.replace(heading.textContent ?? '', title)
  heading.textContent = title
}

/** The title becomes a field in its place. */
function editTitle(videoId: string, signal: AbortSignal, onDone: () => void): void {
  const row = need('title-row', HTMLElement)
  const heading = need('title', HTMLElement)
  const { form, focus } = makeRenameForm({
    title: heading.textContent ?? '',
    rename: async (title) => {
      await changeVideo(videoId, { title }, signal)
      setTitle(title, heading)
    },
    onClose: () => {
      form.remove()
      row.append(heading)
      onDone()
    },
  })
  heading.remove()
  row.append(form)
  focus()
}

function askTrash(videoId: string, note: HTMLElement, options: ActsOptions): void {
  const { signal } = options
  const status = make('span', 'small bad-text')
  const sure = makeButton('Move to the trash', 'btn danger', async () => {
    sure.disabled = true
    try {
      await trashVideo(videoId, signal)
      options.onTrash()
      showTrashed(videoId, note, options)
    } catch (error) {
      sure.disabled = false
      if (!wasCancelled(error)) setText(status, problemOf(error).sentence)
    }
  })
  const keep = makeButton('Keep it', 'btn quiet', () => note.replaceChildren())
  note.replaceChildren(
    make(
      'div',
      'note question',
      make('span', '', 'Delete this update? Its link stops working. You can bring it back from the trash.'),
      sure,
      keep,
      status,
    ),
  )
  sure.focus()
}

function showTrashed(videoId: string, note: HTMLElement, options: ActsOptions): void {
  const status = make('span', 'small bad-text')
  const undo = makeButton('Undo', 'btn', async () => {
    undo.disabled = true
    try {
      await restoreVideo(videoId, options.signal)
      note.replaceChildren()
      options.onRestore()
    } catch (error) {
      undo.disabled = false
      if (!wasCancelled(error)) setText(status, problemOf(error).sentence)
    }
  })
  const home = make('a', 'btn quiet', 'Your updates')
  home.href = '/'
  note.replaceChildren(
    make(
      'div',
      'note question',
      make('span', '', 'It is in the trash. Its link shows nothing now.'),
      undo,
      home,
      status,
    ),
  )
  undo.focus()
}
