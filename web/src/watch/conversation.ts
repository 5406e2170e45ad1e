// The known part of the conversation: comments by id, merged by their change counter, in the
// server's order.
import type { Change, Comment, Page } from '../api/comments'

/** A comment, and the number of replies in its thread. */
export interface Row {
  comment: Comment
  replies: number // if it begins a thread
}

export class Conversation {
  readonly #comments = new Map<string, Comment>()
  readonly #deletedSeq = new Map<string, number>()
  /** Every change up to this one is known. */
  seq: number
  count: number

  constructor(seq: number, count: number) {
    this.seq = seq
    this.count = count
  }

  /**
   * Merges changes, in any order and as often as they come. An older state of a comment never
   * replaces a newer one, and a late page never brings back a deleted comment. Returns the comments
   * that are new.
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

  /** Merges a response to "what changed since seq". more: there may be more changes. */
  mergeSince(page: Page, limit: number): { fresh: Comment[]; more: boolean } {
    const fresh = this.merge(page.changes)
    const more = page.changes.length >= limit
    const last = page.changes.reduce((seq, change) => Math.max(seq, change.seq), this.seq)
    this.seq = more ? last : Math.max(last, page.seq)
    this.count = page.count
    return { fresh, more }
  }

  /** A deletion also deletes the replies. */
  #drop(id: string): void {
    this.#comments.delete(id)
    for (const comment of this.#comments.values()) if (comment.parentId === id) this.#comments.delete(comment.id)
  }

  get(id: string): Comment | undefined {
    return this.#comments.get(id)
  }

  /**
   * Threads by position, replies by age after the comment they reply to. A reply waits until its
   * thread is loaded.
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
