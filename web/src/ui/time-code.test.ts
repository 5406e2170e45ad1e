import { describe, expect, it } from 'vitest'
import { formatPosition, parsePosition } from './time-code'

describe('formatPosition', () => {
  it.each([
    { name: 'the start', ms: 0, want: '0:00' },
    { name: 'parts of a second are dropped', ms: 83_999, want: '1:23' },
    { name: 'an hour has three parts', ms: 3_723_000, want: '1:02:03' },
    { name: 'what is no position is the start', ms: Number.NaN, want: '0:00' },
    { name: 'before the start is the start', ms: -5, want: '0:00' },
  ])('$name', ({ ms, want }) => expect(formatPosition(ms)).toBe(want))
})

describe('parsePosition', () => {
  it.each([
    { text: '83', want: 83_000 },
    { text: ' 1:23 ', want: 83_000 },
    { text: '1:02:03', want: 3_723_000 },
    { text: '1m30s', want: 90_000 },
    { text: '2H', want: 7_200_000 },
    { text: '90:00', want: 5_400_000 },
    { text: '', want: undefined },
    { text: '1:60', want: undefined },
    { text: '1:60:00', want: undefined },
    { text: 'soon', want: undefined },
    { text: '-3', want: undefined },
  ])('reads "$text"', ({ text, want }) => expect(parsePosition(text)).toBe(want))

  it('reads back what formatPosition wrote', () => {
    for (const ms of [0, 1000, 59_000, 60_000, 3_599_000, 3_600_000, 36_061_000])
      expect(parsePosition(formatPosition(ms))).toBe(ms)
  })
})
