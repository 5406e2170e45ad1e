import { expect, test } from 'vitest'
import { backoffMs } from './backoff'

test('waits double up to half a minute and spread over their upper half', () => {
  const cases: { attempt: number; random: number; want: number }[] = [
    { attempt: 1, random: 0, want: 500 },
    { attempt: 1, random: 0.999, want: 1000 },
    { attempt: 3, random: 0.5, want: 3000 },
    { attempt: 6, random: 0, want: 15_000 },
    { attempt: 5000, random: 0.999, want: 29_985 },
  ]
  for (const tc of cases) expect(backoffMs(tc.attempt, tc.random)).toBe(tc.want)
})
