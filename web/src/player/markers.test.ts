import { describe, expect, it } from 'vitest'
import { clusterMarks, type Mark } from './markers'

function mark(id: string, atMs: number): Mark {
  return { id, atMs, initial: id.toUpperCase(), label: `${id}: words` }
}

describe('clusterMarks', () => {
  it.each([
    {
      name: 'far apart: one each',
      marks: [mark('a', 0), mark('b', 50_000)],
      want: [
        ['A', 0],
        ['B', 0.5],
      ],
    },
    {
      name: 'close: one with a number, at the first',
      marks: [mark('b', 11_000), mark('a', 10_000)],
      want: [['2', 0.1]],
    },
    {
      name: 'a chain does not grow over the whole bar',
      marks: [mark('a', 0), mark('b', 2_000), mark('c', 4_000)],
      want: [
        ['2', 0],
        ['C', 0.04],
      ],
    },
    { name: 'beyond the end: at the end', marks: [mark('a', 120_000)], want: [['A', 1]] },
    { name: 'none', marks: [], want: [] },
  ])('$name', ({ marks, want }) => {
    // 1,000 px for 100 s: 24 px are 2.4 s
    const got = clusterMarks(marks, 100_000, 1_000, 24).map(({ text, left }) => [text, left])
    expect(got).toEqual(want)
  })

  it('knows every comment behind a number', () => {
    expect(clusterMarks([mark('a', 1), mark('b', 2)], 100_000, 1_000, 24)[0]?.ids).toEqual(['a', 'b'])
  })

  it('draws nothing while the length or the width is unknown', () => {
    expect(clusterMarks([mark('a', 1)], 0, 1_000, 24)).toEqual([])
    expect(clusterMarks([mark('a', 1)], 1_000, 0, 24)).toEqual([])
  })
})
