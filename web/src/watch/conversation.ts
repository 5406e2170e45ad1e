// What is known of the conversation: comments by id, merged by their change counter, in the order
// of the server.
import type { Change, Comment, Page } from '../api/comments'

/** A comment and, for a reply, the one that its thread began with. */
export interface Row {
  comment: Comment
  replies: number // of a thread's first comment
}

export class Conversation {
  readonly #comments = new Map<string, Comment>()
  readonly #deletedSeq = new Map<string, number>()
  /** Everything up to this change is known. */
  seq: number
  count: number

  constructor(seq: number, count: number) {
    this.seq = seq
    this.count = count
  }

  /**
   * Takes in changes, in any order and as often as they come: an older state of a comment never
   * replaces a newer one, and a late page never brings back what was deleted. Answers with the
   * comments that were not known before.
   */
  merge(changes: readonly Change[]): Comment[] {
    const fresh: Comment[] = []
    for (const change of changes) {
      if (change.at === 'deleted') {
        this.#deletedSeq.set(change.id, change.seq)
        this.#drop(change.id)
        continue
      }
      const { comment } = change
      const known = this.#comments.get(comment.id)
      if (this.#deletedSeq.has(comment.id) || (known && known.seq > comment.seq)) continue
      if (comment.parentId !== undefined && this.#deletedSeq.has(comment.parentId)) continue
      if (!known) fresh.push(comment)
      this.#comments.set(comment.id, comment)
    }
    return fresh
  }

  /** Takes in an answer to "what changed since seq"; true when there may be more to ask for. */
  mergeSince(page: Page, limit: number): { fresh: Comment[]; more: boolean } {
    const fresh = this.merge(page.changes)
    const more = page.changes.length >= limit
    const last = page.changes.reduce((seq, change) => Math.max(seq, change.seq), this.seq)
    this.seq = more ? last : Math.max(last, page.seq)
    this.count = page.count
    return { fresh, more }
  }

  /** A deletion takes the replies with it. */
  #drop(id: string): void {
    this.#comments.delete(id)
    for (const comment of this.#comments.values()) if (comment.parentId === id) this.#comments.delete(comment.id)
  }

  get(id: string): Comment | undefined {
    return this.#comments.get(id)
  }

  /**
   * Threads by position, replies by age behind the comment they answer. A reply whose thread is not
   * loaded yet waits.
   */
  rows(): Row[] {
    const replies = new Map<string, Comment[]>()
    const threads: Comment[] = []
    for (const comment of this.#comments.values()) {
      if (comment.parentId === undefined) threads.push(comment)
      else replies.set(comment.parentId, [...(replies.get(comment.parentId) ?? []), comment])
    }
    threads.sort((a, b) => a.atMs - b.atMs || compare(a.id, b.id))
    return threads.flatMap((thread) => {
      const own = (replies.get(thread.id) ?? []).sort(
        (a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id),
      )
      return [{ comment: thread, replies: own.length }, ...own.map((comment) => ({ comment, replies: 0 }))]
    })
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
