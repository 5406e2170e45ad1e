// The place for a new comment.
import { postComment } from '../api/comments'
import { make } from '../ui/dom'
import { keepPauseChoice, readPauseChoice } from './guest'
import { PositionPicker } from './position-picker'
import type { Talk } from './talk'
import { makeWriter } from './writer'

export interface Composer {
  element: HTMLElement
  refresh(): void // the player has moved
  /** Begins a comment at the moment that is seen. */
  commentHere(): void
  /** Whether the link is open; what was written stays in any case. */
  setOpen(open: boolean): void
}

export function makeComposer(talk: Talk, onPosted: (id: string) => void): Composer {
  const { player, drafts, keep, guest, userName } = talk
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
    body: document.querySelector<HTMLTextAreaElement>('#composer textarea')?.value ?? '', // typed before the scripts came
    drafts,
    guest: userName === undefined ? guest : undefined,
    top: picker.element,
    positionMs: () => picker.fixedMs,
    onFirstWord: () => {
      picker.fix()
      if (pause.checked) player.pause() // it is never started again by force
    },
    onEmpty: () => picker.follow(),
    send: async (body, name) => {
      const { comment, editToken } = await postComment(talk.token, { body, atMs: picker.ms, parentId: undefined, name }, talk.signal)
      if (editToken !== undefined) guest.keepEditToken(comment.id, editToken)
      if (name !== undefined) guest.name = name
      talk.conversation.merge([{ at: 'live', comment, seq: comment.seq }])
      talk.changed()
      onPosted(comment.id)
    },
    onSent: () => {
      picker.follow()
      talk.announce('Comment sent')
    },
    onCancel: undefined,
    signal: talk.signal,
  })
  writer.form.classList.add('compose')
  if (writer.textarea.value !== '') picker.fix()
  const ended = make('p', 'note warn small', 'This link has ended, so nothing can be sent. What you wrote is still here to copy.')
  return {
    element: writer.form,
    setOpen: (open) => {
      if (open) ended.remove()
      else writer.form.prepend(ended)
    },
    refresh: () => picker.refresh(),
    commentHere: () => {
      if (writer.textarea.value.trim() === '') picker.fixNow()
      void player.leaveFullScreen().then(() => writer.textarea.focus())
    },
  }
}
