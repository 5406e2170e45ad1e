import { expect, test } from 'vitest'
import { type File, mayHaveExpired } from './expiry'

function ranges(...pairs: [number, number][]): TimeRanges {
  return { length: pairs.length, start: (i) => pairs[i]?.[0] ?? Number.NaN, end: (i) => pairs[i]?.[1] ?? Number.NaN }
}

const file: File = { lifeMs: 60_000, ageMs: 90_000, buffered: ranges([0, 12], [40, 52]), fromS: 20, untilS: 20 }

const cases: { name: string; file: File; want: boolean }[] = [
  { name: 'a jump to where nothing is', file, want: true },
  { name: 'a jump to what is there', file: { ...file, fromS: 45, untilS: 45 }, want: false },
  { name: 'a jump to the edge of what is there', file: { ...file, fromS: 39.95, untilS: 39.95 }, want: false },
  { name: 'the way to the end, where a part of it is there', file: { ...file, fromS: 5, untilS: 52 }, want: true },
  { name: 'the way to the end, where all of it is there', file: { ...file, fromS: 41, untilS: 52.05 }, want: false },
  { name: 'an address that is young', file: { ...file, ageMs: 29_000 }, want: false },
  {
    name: 'one that a cache may have given, with half its life before it',
    file: { ...file, ageMs: 31_000 },
    want: true,
  },
  { name: 'bytes from the site itself', file: { ...file, lifeMs: 0 }, want: false },
]

for (const tc of cases) test(tc.name, () => expect(mayHaveExpired(tc.file)).toBe(tc.want))
