import { expect, it } from 'vitest'
import { makeSafeStorage, type SafeStorage } from '../ui/safe-storage'
import { Drafts } from './drafts'
import { Guest } from './guest'

function keepWith(kept?: string): SafeStorage {
  const keep = makeSafeStorage(undefined)
  if (kept !== undefined) keep.set('meanwhile:drafts:t', kept)
  return keep
}

it('keeps each field of each link apart, and over a reload', () => {
  const keep = keepWith()
  new Drafts(keep, 't').set('new', { body: 'words', atMs: 83_000 })
  new Drafts(keep, 't').set('reply:a', { body: 'answer' })
  expect(new Drafts(keep, 't').get('new')).toEqual({ body: 'words', atMs: 83_000 })
  expect(new Drafts(keep, 't').get('reply:a')).toEqual({ body: 'answer' })
  expect(new Drafts(keep, 'other').get('new')).toBeUndefined()
})

it('forgets what was emptied or sent', () => {
  const keep = keepWith()
  const drafts = new Drafts(keep, 't')
  drafts.set('new', { body: 'words' })
  drafts.set('new', { body: '  ' })
  drafts.set('edit:a', { body: 'words' })
  drafts.forget('edit:a')
  expect(keep.get('meanwhile:drafts:t')).toBeUndefined()
})

it.each(['', 'no json', '[]', '{"new": 3}', '{"new": {"body": 3}}'])('reads nothing from %j', (kept) => {
  expect(new Drafts(keepWith(kept), 't').places()).toEqual([])
})

it('keeps the edit tokens of a guest by comment', () => {
  const keep = keepWith()
  const guest = new Guest(keep, 't')
  guest.keepEditToken('a', 'secret-a')
  new Guest(keep, 't').keepEditToken('b', 'secret-b') // another tab
  expect([guest.editToken('a'), guest.editToken('b'), guest.editToken('c')]).toEqual([
    'secret-a',
    'secret-b',
    undefined,
  ])
})
