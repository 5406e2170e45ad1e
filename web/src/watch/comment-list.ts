// The list in sync with the conversation: elements by id, moved and drawn only where something
// changed.
import { need } from '../ui/dom'
import { formatPosition } from '../ui/time-code'
import { CommentItem, initialOf } from './comment-item'
import type { PageContext } from './page-context'

const MARK_WORDS = 60

export class CommentList {
  readonly #context: PageContext
  readonly #list = need('list', HTMLOListElement)
  readonly #empty = need('empty', HTMLElement)
  readonly #count = need('count', HTMLElement)
  readonly #items = new Map<string, CommentItem>()

  constructor(context: PageContext) {
    this.#context = context
  }

  /** Draws the current conversation. */
  draw(): void {
    const rows = this.#context.conversation.rows()
    const seen = new Set<string>()
    // the server's first paint: the same, without the buttons
    if (this.#items.size === 0) this.#list.replaceChildren()
    let next = this.#list.firstElementChild
    for (const row of rows) {
      seen.add(row.comment.id)
      const known = this.#items.get(row.comment.id)
      known?.update(row)
      const item = known ?? new CommentItem(this.#context, row)
      if (!known) this.#items.set(row.comment.id, item)
      if (item.element === next) next = next.nextElementSibling
      else this.#list.insertBefore(item.element, next)
    }
    for (const [id, item] of this.#items) {
      if (seen.has(id) || !item.retire()) continue
      item.element.remove()
      this.#items.delete(id)
    }
    const count = Math.max(this.#context.conversation.count, rows.length)
    this.#empty.hidden = count > 0
    this.#count.textContent = count > 0 ? String(count) : ''
    this.#drawMarks()
  }

  light(id: string): void {
    this.#items.get(id)?.light()
  }

  #drawMarks(): void {
    const threads = this.#context.conversation.rows().filter(({ comment }) => comment.parentId === undefined)
    this.#context.player.setMarks(
      threads.map(({ comment }) => {
        const words = comment.body.length > MARK_WORDS ? `${comment.body.slice(0, MARK_WORDS)}…` : comment.body
        return {
          id: comment.id,
          atMs: comment.atMs,
          initial: initialOf(comment.name),
          label: `${comment.name}: ${words}`,
        }
      }),
    )
  }
}

/** The sentence about new comments by others. */
export function newsOf(comments: readonly { name: string; atMs: number; parentId: string | undefined }[]): string {
  const [first] = comments
  if (!first) return ''
  if (comments.length > 1) return `${comments.length} new comments`
  return first.parentId === undefined
    ? `New comment by ${first.name} at ${formatPosition(first.atMs)}`
    : `New reply by ${first.name}`
}
