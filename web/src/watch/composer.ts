// The box for a new comment.
import { postComment } from '../api/comments'
import { make, setText } from '../ui/dom'
import { keepPauseChoice, readPauseChoice } from './guest'
import type { PageContext } from './page-context'
import { PositionPicker } from './position-picker'
import { makeWriter } from './writer'

export interface Composer {
  element: HTMLElement
  refresh(): void // the player has moved
  /** Begins a comment at the current position. */
  commentHere(): void
  /**
   * The reason why nothing can be sent; undefined if sending works. The written text stays in any
   * case.
   */
  setClosed(why: string | undefined): void
}

export function makeComposer(context: PageContext, onPosted: (id: string) => void): Composer {
  const { player, drafts, keep, guest, userName } = context
  const pause = make('input')
  pause.type = 'checkbox'
  pause.checked = readPauseChoice(keep)
  pause.addEventListener('change', () => keepPauseChoice(keep, pause.checked))
  const picker = new PositionPicker(
    {
      currentMs: () => player.positionMs,
      durationMs: () => player.durationMs,
      onChange: () => writer.keepDraft(),
    },
    make('label', 'check', pause, 'Pause while I write'),
    drafts.get('new')?.atMs,
  )
  const writer = makeWriter({
    place: 'new',
    label: 'Your comment',
    placeholder: 'Say it when it is ready. They will read it in their own time.',
    submitLabel: 'Comment',
    // typed before the scripts loaded
    body: document.querySelector<HTMLTextAreaElement>('#composer textarea')?.value ?? '',
    drafts,
    guest: userName === undefined ? guest : undefined,
    top: picker.element,
    positionMs: () => picker.fixedMs,
    onFirstWord: () => {
      picker.fix()
      if (pause.checked) player.pause() // never started again automatically
    },
    onEmpty: () => picker.follow(),
    send: async (body, name) => {
      const { comment, editToken } = await postComment(
        context.token,
        { body, atMs: picker.ms, parentId: undefined, name },
        context.signal,
      )
      if (editToken !== undefined) guest.keepEditToken(comment.id, editToken)
      if (name !== undefined) guest.name = name
      context.conversation.merge([{ at: 'live', comment, seq: comment.seq }])
      context.changed()
      onPosted(comment.id)
    },
    onSent: () => {
      picker.follow()
      context.announce('Comment sent')
    },
    onCancel: undefined,
    signal: context.signal,
  })
  writer.form.classList.add('compose')
  if (writer.textarea.value !== '') {
    picker.fix()
    writer.keepDraft() // also of what was typed before the scripts loaded
  }
  const closed = make('p', 'note warn small')
  return {
    element: writer.form,
    setClosed: (why) => {
      if (why === undefined) {
        closed.remove()
        return
      }
      setText(closed, writer.textarea.value.trim() === '' ? why : `${why} What you wrote is still here to copy.`)
      writer.form.prepend(closed)
    },
    refresh: () => picker.refresh(),
    commentHere: () => {
      if (writer.textarea.value.trim() === '') picker.fixNow()
      void player.leaveFullScreen().then(() => writer.textarea.focus())
    },
  }
}
