import { describe, expect, it } from 'vitest'
import { parseSharedVideo } from '../api/shared-video'
import { percentOf, phaseOf, wordsFor } from './phase-state'

const source = { type: 'video/mp4', url: '/m/g/g1/main.mp4', width: 1280, height: 720 }

function shared(more: Record<string, unknown>) {
  return parseSharedVideo({
    title: 'T',
    author: { name: 'A' },
    state: 'ready',
    created_at: '2026-01-01T00:00:00.000Z',
    ...more,
  })
}

describe('stageOf', () => {
  const playback = { tracks: [{ name: 'screen', main: true, sources: [source] }] }
  it.each([
    { name: 'ready plays', wire: { state: 'ready', playback }, want: 'playable' },
    { name: 'a copy plays while the rest is being made', wire: { state: 'processing', playback }, want: 'playable' },
    {
      name: 'a recording plays while it is made',
      wire: {
        state: 'recording',
        playback: { tracks: [{ name: 'screen', main: true, sources: [], hls: '/m/g/g0/screen.m3u8' }] },
      },
      want: 'playable',
    },
    { name: 'a recording without its first seconds', wire: { state: 'recording' }, want: 'recording' },
    { name: 'uploading', wire: { state: 'uploading' }, want: 'uploading' },
    { name: 'ready with its sources a moment behind', wire: { state: 'ready' }, want: 'processing' },
    { name: 'failed', wire: { state: 'failed', failure: 'This file contains no video.' }, want: 'failed' },
    { name: 'a state of a later server', wire: { state: 'dreaming' }, want: 'processing' },
  ])('$name', ({ wire, want }) => expect(phaseOf(shared(wire)).at).toBe(want))
})

describe('words', () => {
  it('never says 100 % before it is done', () => expect(percentOf(1)).toBe(99))
  it('gives the reason of a failure', () => {
    expect(wordsFor({ at: 'failed', sentence: 'This file contains no video.' }, true).lead).toBe(
      'This file contains no video.',
    )
  })
  it('claims nothing about an original', () => {
    expect(wordsFor({ at: 'failed', sentence: 'It was thrown away before it was finished.' }, true).small).toBe('')
  })
})

describe('parseShare', () => {
  it('takes the main track', () => {
    const camera = { name: 'camera', main: false, sources: [{ ...source, url: '/m/g/g1/camera.mp4' }] }
    const screen = { name: 'screen', main: true, sources: [source] }
    expect(shared({ playback: { tracks: [camera, screen] } }).sources).toEqual([source])
  })
  it('names the field that is wrong', () => expect(() => shared({ title: 3 })).toThrow('title is not text'))
})
