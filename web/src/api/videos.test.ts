import { describe, expect, test } from 'vitest'
import { WireError } from './parse'
import { pageFrom, videoFrom } from './videos'

const wire = {
  id: 'v1',
  title: 'Release 2.4',
  state: 'ready',
  warnings: ['No preview.'],
  progress: 0.4,
  improving: true,
  duration_ms: 61_000,
  created_at: '2026-11-22T16:40:00.000Z',
  watch_url: 'https://here.example/v/abc',
  share_token: 'abc',
  comment_count: 5,
  arrived: true,
  uploaded_bytes: 10,
  length_bytes: null,
}

describe('videoFrom', () => {
  test('reads a video', () => {
    const want = {
      id: 'v1',
      durationMs: 61_000,
      commentCount: 5,
      posterUrl: undefined,
      lengthBytes: undefined,
      failure: undefined,
    }
    expect(videoFrom(wire)).toMatchObject(want)
  })
  test('keeps progress within 0 and 1', () => {
    expect(videoFrom({ ...wire, progress: 7 }).progress).toBe(1)
  })
  const broken: { name: string; value: unknown }[] = [
    { name: 'no object', value: 'video' },
    { name: 'no id', value: { ...wire, id: null } },
    { name: 'a state of another version', value: { ...wire, state: 'dreaming' } },
  ]
  for (const tc of broken) test(`refuses ${tc.name}`, () => expect(() => videoFrom(tc.value)).toThrow(WireError))
})

test('a page knows whether another follows', () => {
  expect(pageFrom({ items: [wire], next_cursor: 'c' })).toMatchObject({ videos: [{ id: 'v1' }], nextCursor: 'c' })
  expect(pageFrom({ items: [] })).toEqual({ videos: [], nextCursor: undefined })
  expect(() => pageFrom({})).toThrow(WireError)
})
