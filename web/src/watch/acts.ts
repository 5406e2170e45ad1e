// What can be done with the whole update: copy its link, show it elsewhere, and for its owner:
// rename it, process it again, trash it.
import { renameVideo, reprocessVideo, restoreVideo, trashVideo } from '../api/owner'
import { problemOf, wasCancelled } from '../api/request'
import type { SharedVideo } from '../api/shared-video'
import type { MwPlayer } from '../player/player'
import { copyFrom } from '../ui/copy'
import { make, makeButton, need, setText } from '../ui/dom'
import { makePopup, type Popup } from '../ui/popup'
import { formatPosition } from '../ui/time-code'
import { embedCodeOf, markdownOf, type Snippet } from './snippets'

export interface Acts {
  refresh(): void // the player has moved
  show(shared: SharedVideo): void
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
  const again = makeButton('Process it again', 'btn quiet', () => void processAgain())
  const processAgain = async () => {
    if (shared.videoId === undefined) return
    again.disabled = true // until the event stream tells how it goes
    try {
      await reprocessVideo(shared.videoId, signal)
      setText(need('improving', HTMLElement), 'Making it better')
    } catch (error) {
      again.disabled = false
      if (!wasCancelled(error)) note.replaceChildren(make('p', 'small bad-text', problemOf(error).sentence))
    }
  }
  if (shared.owner && shared.videoId !== undefined) {
    const { videoId } = shared
    const own = makePopup('More', [
      makeButton('Rename', 'btn quiet', () => rename(videoId)),
      again,
      makeButton('Move to the trash', 'btn quiet danger', () => askTrash(videoId, note, options)),
    ])
    need('acts', HTMLElement).append(own.button, own.card)
  }

  const refresh = () => {
    if (moment.dataset.label === undefined) setText(moment, `Copy link at ${formatPosition(player.positionMs)}`)
  }
  refresh()
  again.disabled = shared.improving
  return {
    refresh,
    show(next) {
      if (!renaming) setTitle(next.title)
      again.disabled = next.improving
      elsewhere.show(next)
      setText(need('improving', HTMLElement), workOn(next))
      showLength(next)
      showDownload(next, elsewhere.card)
    },
  }
}

/** What is happening to a video that plays. */
function workOn(shared: SharedVideo): string {
  if (shared.state === 'recording') return shared.hls === undefined ? '' : 'Recording now'
  if (!shared.improving || shared.sources.length === 0) return ''
  return `A sharper version is being made, ${Math.floor(shared.progress * 100)} %`
}

/** The length comes when it is known, as the HTML has it of a video that is ready. */
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

/** So does the file that can be kept. */
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

/** What is pasted into other pages. Its own button tells that something was copied. */
function makeShareMenu(first: SharedVideo, note: HTMLElement): Popup & { show(shared: SharedVideo): void } {
  let shared = first
  const snippet = (): Snippet => {
    const pageUrl = `${location.origin}${location.pathname}`
    const posterUrl = shared.poster === undefined ? undefined : `${pageUrl}/poster.jpg`
    const embedUrl = pageUrl.replace(/\/v\/([^/]+)$/, '/embed/$1')
    return { title: shared.title, pageUrl, posterUrl, embedUrl, width: shared.width, height: shared.height }
  }
  const links = async (videoId: string) => {
    try {
      const { openLinks } = await import('../links/sheet')
      openLinks({ videoId, title: shared.title, opener: popup.button })
    } catch {
      note.replaceChildren(
        make('p', 'small bad-text', 'The sheet could not be loaded. Check your connection and try again.'),
      )
    }
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

function setTitle(title: string): void {
  const heading = document.getElementById('title')
  if (!heading || heading.textContent === title) return
  document.title = document.title.replace(heading.textContent ?? '', title)
  heading.textContent = title
}

/** The title becomes a field in its place. Enter saves, Escape leaves it as it was. */
function editTitle(videoId: string, signal: AbortSignal, onDone: () => void): void {
  const row = need('title-row', HTMLElement)
  const heading = need('title', HTMLElement)
  const field = make('input', 'field title-field')
  field.setAttribute('aria-label', 'Title')
  field.maxLength = 200
  field.value = heading.textContent ?? ''
  const status = make('p', 'small bad-text')
  status.setAttribute('role', 'status')
  const save = make('button', 'btn primary', 'Save')
  const close = () => {
    form.remove()
    row.append(heading)
    onDone()
  }
  const form = make('form', 'title-form', field, save, makeButton('Cancel', 'btn quiet', close), status)
  form.noValidate = true
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const title = field.value.trim()
    if (title === '') {
      setText(status, 'A title needs at least one letter.')
      field.focus()
      return
    }
    save.disabled = true
    try {
      await renameVideo(videoId, title, signal)
      close()
      setTitle(title)
    } catch (error) {
      save.disabled = false
      if (!wasCancelled(error)) setText(status, problemOf(error).sentence)
    }
  })
  heading.remove()
  row.append(form)
  field.select()
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
