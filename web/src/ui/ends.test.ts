import { expect, test } from 'vitest'
import { endDay, endWords, fromField, toField } from './ends'

const now = new Date(2026, 10, 26, 12, 0)

test('an end is said as people would say it', () => {
  expect(endWords(new Date(2026, 10, 26, 18, 0), now, 'en-GB')).toBe('today, 18:00')
  expect(endWords(new Date(2026, 10, 27, 9, 30), now, 'en-GB')).toBe('tomorrow, 09:30')
  expect(endWords(new Date(2026, 11, 3, 18, 0), now, 'en-GB')).toBe('3 Dec, 18:00')
  expect(endWords(new Date(2027, 0, 3, 18, 0), now, 'en-GB')).toBe('3 Jan 2027, 18:00')
  expect(endWords(new Date(2027, 0, 3, 18, 0), now, 'en-US').replace(/\u202f/g, ' ')).toBe('Jan 3, 2027, 6:00 PM')
})

test('a day is said as people would say it', () => {
  expect(endDay(new Date(2026, 10, 26, 0, 5), now, 'en-GB')).toBe('today')
  expect(endDay(new Date(2026, 10, 20, 18, 0), now, 'en-GB'), 'due, and not done yet').toBe('today')
  expect(endDay(new Date(2026, 10, 27, 23, 55), now, 'en-GB')).toBe('tomorrow')
  expect(endDay(new Date(2026, 11, 3, 18, 0), now, 'en-GB')).toBe('on 3 Dec')
  expect(endDay(new Date(2027, 0, 3, 18, 0), now, 'en-US')).toBe('on Jan 3, 2027')
})

test('a field holds a moment of this zone, and gives the same one back', () => {
  expect(toField(new Date(2026, 0, 3, 7, 5))).toBe('2026-01-03T07:05')
  expect(fromField('2026-01-03T07:05')).toEqual(new Date(2026, 0, 3, 7, 5))
  for (const text of ['', '2026-01-03', '2026-13-45T99:99']) expect(fromField(text)).toBeUndefined()
})
