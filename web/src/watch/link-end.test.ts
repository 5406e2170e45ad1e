import { expect, test } from 'vitest'
import { heldWords } from './comment-item'
import { linkEndSentence } from './link-end'

const now = new Date(2026, 10, 26, 12, 0)

test('viewers are told when the link ends, in their own time', () => {
  expect(linkEndSentence(new Date(2026, 11, 3, 18, 0), now, 'en-GB')).toBe('This link ends on 3 Dec, 18:00, your time')
  expect(linkEndSentence(new Date(2026, 10, 26, 18, 0), now, 'en-GB')).toBe('This link ends today, 18:00, your time')
})

test('a comment that waits says who sees it', () => {
  const context = { owner: false, authorName: 'Ada' }
  expect(heldWords({ name: 'Client' }, context)).toBe('Waits for approval; only you and Ada see it')
  expect(heldWords({ name: 'Client' }, { ...context, owner: true })).toBe(
    'Waits for your approval; only you and Client see it',
  )
})
