// One comment in the list. Its content is redrawn when it changes. What somebody is doing with it
// (an edit, a reply) is left alone.
import { approveComment, deleteComment, patchComment, postComment } from '../api/comments'
import { problemOf, wasCancelled } from '../api/request'
import { make, makeButton } from '../ui/dom'
import { makeLocalTime } from '../ui/local-time'
import { formatPosition, parsePosition } from '../ui/time-code'
import type { Row } from './conversation'
import { jump, type PageContext } from './page-context'
import { tokenize } from './tokens'
import { makeWriter } from './writer'

export function initialOf(name: string): string {
  return (Array.from(name.trim())[0] ?? '?').toUpperCase()
}

export class CommentItem {
  readonly element: HTMLLIElement
  readonly #context: PageContext
  readonly #content: HTMLElement
  readonly #slot: HTMLElement // a reply, a question, a note
  #row: Row
  #editing = false
  #answering = false

  constructor(context: PageContext, row: Row) {
    this.#context = context
    this.#row = row
    this.#content = make('div')
    this.#slot = make('div', 'slot')
    this.element = make('li', 'comment', makeFace(row.comment.name), make('div', '', this.#content, this.#slot))
    this.element.id = `c-${row.comment.id}`
    this.element.classList.toggle('reply', row.comment.parentId !== undefined)
    this.#draw()
    if (context.drafts.get(`edit:${row.comment.id}`) && this.#own) this.#edit(false)
    if (context.drafts.get(`reply:${row.comment.id}`) && context.canComment) this.#reply(false)
  }

  /** Shows the current row. */
  update(row: Row): void {
    const same = row.comment === this.#row.comment && row.replies === this.#row.replies
    this.#row = row
    if (!same && !this.#editing) this.#draw()
  }

  /**
   * The comment was deleted elsewhere. True if its element may be removed. Text that is being
   * written here is kept, with a note.
   */
  retire(): boolean {
    if (!this.#editing && !this.#answering) return true
    this.#context.drafts.forget(`edit:${this.#row.comment.id}`)
    this.#context.drafts.forget(`reply:${this.#row.comment.id}`)
    const note = 'This comment was deleted. What you wrote is still here to copy.'
    if (!this.element.querySelector('.note')) this.#slot.prepend(make('p', 'note warn small', note))
    return false
  }

  light(): void {
    for (const lit of document.querySelectorAll('.comment.lit')) lit.classList.remove('lit')
    this.element.classList.add('lit')
    this.element.scrollIntoView({ block: 'nearest' })
  }

  get #own(): boolean {
    const { comment } = this.#row
    return comment.mine || this.#context.guest.editToken(comment.id) !== undefined
  }

  #draw(): void {
    const { comment } = this.#row
    const body = make('p', 'body')
    for (const token of tokenize(comment.body)) {
      switch (token.at) {
        case 'text':
          body.append(token.text)
          break
        case 'time':
          body.append(makeChip(token.ms, token.text))
          break
        case 'link':
          body.append(makeLink(token.url, token.text))
          break
        default:
          token satisfies never
      }
    }
    const held = comment.held ? make('p', 'small held', heldWords(comment, this.#context)) : ''
    this.#content.replaceChildren(this.#makeHead(), body, held, this.#makeTools())
  }

  #makeHead(): HTMLElement {
    const { comment } = this.#row
    const head = make('div', 'who', make('strong', '', comment.name))
    if (comment.guest) head.append(' ', make('span', 'small', 'guest'))
    if (comment.parentId === undefined) {
      const until = comment.untilMs === undefined ? '' : `–${formatPosition(comment.untilMs)}`
      head.append(' ', makeChip(comment.atMs, `${formatPosition(comment.atMs)}${until}`))
    }
    head.append(
      ' ',
      make('span', 'small', makeLocalTime(comment.createdAt), comment.editedAt === undefined ? '' : ', edited'),
    )
    return head
  }

  #makeTools(): HTMLElement {
    const { comment } = this.#row
    const tools = make('div', 'tools')
    const to = `, comment by ${comment.name}`
    if (comment.held && this.#context.owner)
      tools.append(
        labelled(
          makeButton('Approve', 'link', () => void this.#approve()),
          to,
        ),
      )
    if (comment.parentId === undefined && this.#context.canComment && !comment.held)
      tools.append(
        labelled(
          makeButton('Reply', 'link', () => this.#reply(true)),
          to,
        ),
      )
    if (this.#own)
      tools.append(
        labelled(
          makeButton('Edit', 'link', () => this.#edit(true)),
          to,
        ),
      )
    if (this.#own || comment.canDelete)
      tools.append(
        labelled(
          makeButton('Delete', 'link', () => this.#askDelete()),
          to,
        ),
      )
    return tools
  }

  #reply(focus: boolean): void {
    const { context, id } = { context: this.#context, id: this.#row.comment.id }
    if (this.#answering) {
      this.#slot.querySelector('textarea')?.focus()
      return
    }
    this.#answering = true
    const close = () => {
      this.#answering = false
      this.#slot.replaceChildren()
      this.#focusTool(0)
    }
    const writer = makeWriter({
      place: `reply:${id}`,
      label: `Your reply to ${this.#row.comment.name}`,
      placeholder: 'Your reply',
      submitLabel: 'Reply',
      body: '',
      drafts: context.drafts,
      guest: context.userName === undefined ? context.guest : undefined,
      top: undefined,
      positionMs: () => undefined,
      onFirstWord: () => undefined,
      onEmpty: () => undefined,
      send: async (body, name) => {
        const reply = { body, atMs: this.#row.comment.atMs, parentId: id, name }
        const { comment, editToken } = await postComment(context.token, reply, context.signal)
        if (editToken !== undefined) context.guest.keepEditToken(comment.id, editToken)
        if (name !== undefined) context.guest.name = name
        context.conversation.merge([{ at: 'live', comment, seq: comment.seq }])
        context.changed()
      },
      onSent: () => {
        close()
        context.announce('Reply sent')
      },
      onCancel: close,
      signal: context.signal,
    })
    this.#slot.replaceChildren(writer.form)
    if (focus) writer.textarea.focus()
  }

  #edit(focus: boolean): void {
    const { context } = { context: this.#context }
    const { comment } = this.#row
    const thread = comment.parentId === undefined
    const at = make('input', 'field num')
    at.setAttribute('aria-label', 'Position in the video')
    at.value = formatPosition(context.drafts.get(`edit:${comment.id}`)?.atMs ?? comment.atMs)
    this.#editing = true
    const close = () => {
      this.#editing = false
      this.#draw()
      this.#focusTool(thread ? 1 : 0)
    }
    const writer = makeWriter({
      place: `edit:${comment.id}`,
      label: 'Your comment',
      placeholder: '',
      submitLabel: 'Save',
      body: comment.body,
      drafts: context.drafts,
      guest: undefined,
      top: thread ? make('label', 'row edit-at', 'At ', at) : undefined,
      positionMs: () => (thread ? parsePosition(at.value) : undefined),
      onFirstWord: () => undefined,
      onEmpty: () => undefined,
      send: async (body) => {
        const atMs = thread ? parsePosition(at.value) : undefined
        // An unchanged position keeps its fraction of a second.
        const moved = atMs !== undefined && formatPosition(atMs) !== formatPosition(comment.atMs)
        const edit = moved ? { body, atMs } : { body }
        const saved = await patchComment(
          context.token,
          comment.id,
          edit,
          context.guest.editToken(comment.id),
          context.signal,
        )
        context.conversation.merge([
          { at: 'live', comment: { ...saved, mine: comment.mine, canDelete: comment.canDelete }, seq: saved.seq },
        ])
      },
      onSent: () => {
        close()
        context.changed()
        context.announce('Comment saved')
      },
      onCancel: close,
      signal: context.signal,
    })
    this.#content.replaceChildren(this.#makeHead(), writer.form)
    if (focus) writer.textarea.focus()
  }

  async #approve(): Promise<void> {
    const { comment } = this.#row
    try {
      await approveComment(comment.id, this.#context.signal)
    } catch (error) {
      if (wasCancelled(error)) return
      const status = make('p', 'small bad-text', problemOf(error).sentence)
      status.setAttribute('role', 'status')
      this.#slot.replaceChildren(status)
      return
    }
    if (!this.#answering) this.#slot.replaceChildren()
    this.#context.conversation.merge([{ at: 'live', comment: { ...comment, held: false }, seq: comment.seq }])
    this.#context.announce('Comment approved: everybody sees it now')
    this.#context.changed()
    this.#focusTool(0)
  }

  #askDelete(): void {
    const { comment, replies } = this.#row
    const more = replies === 0 ? '' : replies === 1 ? ' and its reply' : ` and its ${replies} replies`
    const close = () => {
      this.#slot.replaceChildren()
      this.#focusTool(-1)
    }
    const status = make('span', 'small bad-text')
    status.setAttribute('role', 'status')
    const sure = makeButton('Delete', 'btn danger', async () => {
      sure.textContent = 'Deleting…'
      try {
        await deleteComment(
          this.#context.token,
          comment.id,
          this.#context.guest.editToken(comment.id),
          this.#context.signal,
        )
      } catch (error) {
        if (wasCancelled(error)) return
        const problem = problemOf(error)
        if (problem.at !== 'gone') {
          sure.textContent = 'Delete'
          status.textContent =
            problem.at === 'offline' ? 'The server cannot be reached. Try again in a moment.' : problem.sentence
          return
        }
      }
      this.#answering = false
      this.#leaveFocus()
      this.#context.conversation.merge([{ at: 'deleted', id: comment.id, seq: comment.seq }])
      this.#context.announce('Comment deleted')
      this.#context.changed()
    })
    const keep = makeButton('Keep', 'btn quiet', close)
    const question = make('div', 'question', make('span', '', `Delete this comment${more}?`), sure, keep, status)
    question.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close()
    })
    this.#answering = false
    this.#slot.replaceChildren(question)
    sure.focus()
  }

  /** The focus moves to a neighbour before this element is removed. */
  #leaveFocus(): void {
    const neighbour = this.element.nextElementSibling ?? this.element.previousElementSibling
    const target =
      neighbour?.querySelector<HTMLElement>('.tools button, a.time') ??
      document.querySelector<HTMLElement>('#composer textarea')
    target?.focus({ preventScroll: true })
  }

  #focusTool(index: number): void {
    if (!this.element.contains(document.activeElement) && document.activeElement !== document.body) return
    Array.from(this.#content.querySelectorAll<HTMLElement>('.tools button')).at(index)?.focus()
  }
}

/** Who sees a held comment. */
export function heldWords(comment: { name: string }, context: { owner: boolean; authorName: string }): string {
  if (context.owner) return `Waits for your approval; only you and ${comment.name} see it`
  return `Waits for approval; only you and ${context.authorName} see it`
}

function makeFace(name: string): HTMLElement {
  const face = make('span', 'face', initialOf(name))
  face.setAttribute('aria-hidden', 'true')
  return face
}

/** A position, always in the same form: a link that works alone, and seeks in place. */
export function makeChip(ms: number, text: string): HTMLAnchorElement {
  const chip = make('a', 'time', text)
  chip.href = `?t=${Math.floor(ms / 1000)}`
  chip.dataset.ms = String(ms)
  return chip
}

function makeLink(url: string, text: string): HTMLAnchorElement {
  const link = make('a', '', text)
  link.href = url
  link.rel = 'nofollow noopener ugc'
  link.target = '_blank'
  return link
}

/** A short word on the button, and for screen readers what it belongs to. */
function labelled(button: HTMLButtonElement, more: string): HTMLButtonElement {
  button.append(make('span', 'sr', more))
  return button
}

/** Every chip of the page seeks in place. In another tab it is a link. */
export function listenForChips(root: HTMLElement, context: PageContext): void {
  root.addEventListener(
    'click',
    (event) => {
      const chip = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a.time') : null
      if (!chip || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
      const ms =
        chip.dataset.ms === undefined
          ? parsePosition(new URL(chip.href).searchParams.get('t') ?? '')
          : Number(chip.dataset.ms)
      if (ms === undefined) return
      event.preventDefault()
      jump(context.player, ms)
    },
    { signal: context.signal },
  )
}
