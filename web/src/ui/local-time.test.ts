import { describe, expect, it } from 'vitest'
import { formatWhen } from './local-time'

describe('formatWhen', () => {
  const now = new Date(2026, 10, 22, 16, 40)
  it.each([
    { name: 'a moment ago', at: new Date(2026, 10, 22, 16, 39, 30), want: 'just now' },
    { name: 'a clock that is a little ahead', at: new Date(2026, 10, 22, 16, 40, 30), want: 'just now' },
    { name: 'minutes', at: new Date(2026, 10, 22, 16, 0), want: '40 min ago' },
    { name: 'hours', at: new Date(2026, 10, 22, 13, 30), want: '3 h ago' },
    { name: 'earlier today', at: new Date(2026, 10, 22, 1, 5), want: 'today 01:05' },
    { name: 'yesterday', at: new Date(2026, 10, 21, 1, 5), want: 'yesterday 01:05' },
    { name: 'this year', at: new Date(2026, 10, 19, 9, 0), want: 'Thu 19 Nov, 09:00' },
    { name: 'another year', at: new Date(2025, 11, 31, 9, 0), want: '31 Dec 2025' },
  ])('$name', ({ at, want }) => expect(formatWhen(at, now, 'en-GB')).toBe(want))
})
