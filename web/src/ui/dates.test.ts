import { expect, test } from 'vitest'
import { dayAndTime, inSentence } from './dates'

const now = new Date(2026, 10, 22, 17, 0)
const cases: { name: string; at: Date; want: string }[] = [
  { name: 'this morning', at: new Date(2026, 10, 22, 0, 5), want: 'Today 00:05' },
  { name: 'late last evening, few hours ago', at: new Date(2026, 10, 21, 23, 55), want: 'Yesterday 23:55' },
  { name: 'earlier this year', at: new Date(2026, 10, 20, 8, 10), want: 'Fri 20 Nov, 08:10' },
  { name: 'another year needs no clock', at: new Date(2025, 10, 21, 8, 10), want: '21 Nov 2025' },
]

for (const tc of cases)
  test(tc.name, () => expect(dayAndTime(tc.at, now, 'en-GB').replace('Fri, ', 'Fri ')).toBe(tc.want))

test.each([
  { words: 'Today 16:40', want: 'today 16:40' },
  { words: 'Yesterday 09:12', want: 'yesterday 09:12' },
  { words: 'Thu, 3 Dec, 09:12', want: 'Thu, 3 Dec, 09:12' },
])('says "$want" within a sentence', ({ words, want }) => expect(inSentence(words)).toBe(want))
