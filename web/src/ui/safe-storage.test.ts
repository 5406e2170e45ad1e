import { expect, it } from 'vitest'
import { makeSafeStorage } from './safe-storage'

/** A full storage: it refuses to write, as Safari's private windows did. */
const full: Storage = {
  length: 0,
  clear: () => undefined,
  key: () => null,
  getItem: () => null,
  removeItem: () => undefined,
  setItem: () => {
    throw new DOMException('full', 'QuotaExceededError')
  },
}

it.each([
  { name: 'a full storage', storage: full },
  { name: 'no storage', storage: undefined },
])('keeps for this page only with $name', ({ storage }) => {
  const keep = makeSafeStorage(storage)
  expect(keep.set('a', '1')).toBe(false)
  expect(keep.get('a')).toBe('1')
  keep.remove('a')
  expect(keep.get('a')).toBeUndefined()
})
