import { expect, test } from 'vitest'
import type { Video } from '../api/videos'
import { canRestore, closesSoon, commentWords, newsOf, progressOf, stateWords } from './messages'
import { newVideo } from './sample.test-data'

const cases: { name: string; video: Partial<Video>; text: string; progress: number | null }[] = [
  {
    name: 'uploading',
    video: { state: 'uploading', uploadedBytes: 42, lengthBytes: 100 },
    text: 'Uploading 42 %',
    progress: 0.42,
  },
  {
    name: 'uploading without a length',
    video: { state: 'uploading', uploadedBytes: 42_000_000 },
    text: 'Uploading, 42 MB so far',
    progress: null,
  },
  { name: 'processing', video: { state: 'processing', progress: 0.999 }, text: 'Processing 99 %', progress: 0.999 },
  {
    name: 'improving',
    video: { improving: true, progress: 0.42 },
    text: 'Playable now · making a version for every device 42 %',
    progress: 0.42,
  },
  { name: 'ready', video: {}, text: 'Ready', progress: null },
  {
    name: 'failed',
    video: { state: 'failed', failure: 'This file contains no video.' },
    text: 'This file contains no video.',
    progress: null,
  },
]
for (const tc of cases) {
  test(`${tc.name} says so`, () => {
    const video = newVideo('1', tc.video)
    expect({ text: stateWords(video).text, progress: progressOf(video) }).toEqual({
      text: tc.text,
      progress: tc.progress,
    })
  })
}

test('news are what one would look up for', () => {
  const before = newVideo('1', { state: 'processing', progress: 0.5 })
  expect(newsOf(before, newVideo('1', { state: 'processing', progress: 0.6 }))).toBe('')
  expect(newsOf(before, newVideo('1'))).toBe('Update 1 can be watched now.')
  expect(newsOf(newVideo('1'), newVideo('1', { commentCount: 2 }))).toBe('Update 1 has 2 comments.')
  expect(newsOf(undefined, newVideo('1'))).toBe('')
})

test('the last three days are told apart', () => {
  const now = new Date('2026-11-26T12:00:00Z')
  expect(closesSoon(new Date('2026-11-29T11:59:00Z'), now)).toBe(true)
  expect(closesSoon(new Date('2026-11-29T12:00:00Z'), now)).toBe(false)
  expect(closesSoon(new Date('2026-11-25T12:00:00Z'), now)).toBe(true)
})

test('comments are counted in words', () => {
  expect([0, 1, 5].map(commentWords)).toEqual(['No comments yet', '1 comment', '5 comments'])
})

test('what never arrived cannot be brought back', () => {
  expect(canRestore(newVideo('1'))).toBe(true)
  expect(canRestore(newVideo('1', { state: 'failed' }))).toBe(true)
  expect(canRestore(newVideo('1', { state: 'failed', arrived: false }))).toBe(false)
  expect(canRestore(newVideo('1', { state: 'uploading', arrived: false }))).toBe(true)
})
