import { describe, expect, it } from 'vitest'
import type { Change, Comment, Page } from '../api/comments'
import { Conversation } from './conversation'

function comment(id: string, seq: number, more: Partial<Comment> = {}): Comment {
  return {
    id,
    seq,
    parentId: undefined,
    atMs: 0,
    untilMs: undefined,
    body: id,
    name: 'N',
    guest: true,
    mine: false,
    canDelete: false,
    held: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    editedAt: undefined,
    ...more,
  }
}

function live(id: string, seq: number, more: Partial<Comment> = {}): Change {
  return { at: 'live', comment: comment(id, seq, more), seq }
}

function ids(conversation: Conversation): string[] {
  return conversation.rows().map((row) => row.comment.id)
}

function page(changes: Change[], seq: number): Page {
  return { changes, seq, count: changes.length, nextCursor: undefined }
}

describe('Conversation', () => {
  it('orders threads by position and replies by age', () => {
    const c = new Conversation(0, 0)
    c.merge([
      live('r2', 4, { parentId: 'a', createdAt: '2026-01-03T00:00:00.000Z' }),
      live('b', 1, { atMs: 5 }),
      live('r1', 3, { parentId: 'a', createdAt: '2026-01-02T00:00:00.000Z' }),
      live('a', 2, { atMs: 1 }),
    ])
    expect(ids(c)).toEqual(['a', 'r1', 'r2', 'b'])
    expect(c.rows()[0]?.replies).toBe(2)
  })

  it('never puts an older state over a newer one', () => {
    const c = new Conversation(0, 0)
    c.merge([live('a', 5, { body: 'new' })])
    c.merge([live('a', 2, { body: 'old' })])
    expect(c.get('a')?.body).toBe('new')
  })

  it('never brings back what was deleted, nor its replies', () => {
    const c = new Conversation(0, 0)
    c.merge([live('a', 1), live('r', 2, { parentId: 'a' })])
    c.merge([{ at: 'deleted', id: 'a', seq: 3 }])
    c.merge([live('a', 1), live('r', 2, { parentId: 'a' })])
    expect(ids(c)).toEqual([])
  })

  it('shows a reply once its thread is there', () => {
    const c = new Conversation(0, 0)
    c.merge([live('r', 2, { parentId: 'a' })])
    expect(ids(c)).toEqual([])
    c.merge([live('a', 1)])
    expect(ids(c)).toEqual(['a', 'r'])
  })

  it('moves a thread that got another position', () => {
    const c = new Conversation(0, 0)
    c.merge([live('a', 1, { atMs: 1 }), live('b', 2, { atMs: 2 })])
    c.merge([live('a', 3, { atMs: 9 })])
    expect(ids(c)).toEqual(['b', 'a'])
  })

  it('tells what is new, once', () => {
    const c = new Conversation(0, 0)
    expect(c.merge([live('a', 1)]).map(({ id }) => id)).toEqual(['a'])
    expect(c.merge([live('a', 2)])).toEqual([])
  })

  it('asks on from the last change of a full answer, and ends at the counter of one that is not full', () => {
    const c = new Conversation(10, 0)
    expect(c.mergeSince(page([live('a', 11), live('b', 12)], 40), 2).more).toBe(true)
    expect(c.seq).toBe(12)
    expect(c.mergeSince(page([live('c', 13)], 40), 2).more).toBe(false)
    expect(c.seq).toBe(40)
  })
})
