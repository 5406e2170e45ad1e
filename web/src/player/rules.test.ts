import { describe, expect, it } from 'vitest'
import type { Source } from '../api/shared-video'
import { keyAction } from './keys'
import { type Attempts, attemptsAt, type Fresh, nextStep } from './recovery'
import { areCopies, type Media, placeOf, samePlaces, withGrantOf } from './sources'
import { stepSpeed } from './speed'

function source(url: string): Source {
  return { type: 'video/mp4', url, width: 1280, height: 720 }
}

function media(...urls: string[]): Media {
  return { sources: urls.map(source), hls: '/m/same/g1/hls.m3u8' }
}

describe('sources', () => {
  it('knows the file behind an address, whatever the grant', () => {
    expect(placeOf('/m/abc.1.2.x/g3/main.mp4#t=5')).toBe('g3/main.mp4')
    expect(samePlaces([source('/m/a/g1/main.mp4')], [source('/m/b/g1/main.mp4')])).toBe(true)
    expect(samePlaces([source('/m/a/g1/main.mp4')], [source('/m/a/g2/main.mp4')])).toBe(false)
    expect(samePlaces([source('/m/a/g1/main.mp4')], [])).toBe(false)
  })

  it('knows the copy of a recording that plays as it lies', () => {
    const lies = source('/m/a/g0/screen.whole.mp4')
    expect(areCopies([lies], [source('/m/b/g1/copy.mp4')])).toBe(true)
    expect(areCopies([lies], [{ ...source('/m/b/g1/480p.mp4'), width: 854, height: 480 }])).toBe(false)
    expect(areCopies([lies], [source('/m/b/g1/1080p.mp4'), source('/m/b/g1/720p.mp4')])).toBe(false)
    expect(areCopies([source('/m/a/g1/copy.mp4')], [source('/m/b/g1/720p.mp4')])).toBe(false)
    expect(areCopies([], [])).toBe(false)
  })

  it('puts an address under another grant', () => {
    expect(withGrantOf('/m/old/g1/480p.m4s', '/m/new/g2/hls.m3u8')).toBe('/m/new/g1/480p.m4s')
    expect(withGrantOf('https://x.example/m/old/g1/480p.m4s', 'https://x.example/m/new/g1/hls.m3u8')).toBe(
      'https://x.example/m/new/g1/480p.m4s',
    )
    expect(withGrantOf('/m/old/g1/480p.m4s', '/elsewhere')).toBe('/m/old/g1/480p.m4s')
  })
})

describe('nextStep after a source failed', () => {
  const old = media('/m/old/g1/main.mp4')
  const renewed = media('/m/new/g1/main.mp4')
  const attempts: Attempts = { failed: old, sameTries: 0, offlineTries: 0 }
  const cases: { name: string; attempts: Attempts; fresh: Fresh; want: string }[] = [
    {
      name: 'a new stream is loaded',
      attempts,
      fresh: { at: 'media', media: { ...old, hls: '/m/new/g1/hls.m3u8' } },
      want: 'load',
    },
    { name: 'a new grant is loaded', attempts, fresh: { at: 'media', media: renewed }, want: 'load' },
    { name: 'the same address is tried again', attempts, fresh: { at: 'media', media: old }, want: 'load' },
    {
      name: 'but not for ever',
      attempts: { ...attempts, sameTries: 2 },
      fresh: { at: 'media', media: old },
      want: 'give-up',
    },
    {
      name: 'no network is waited for',
      attempts: { ...attempts, offlineTries: 99 },
      fresh: { at: 'offline' },
      want: 'wait',
    },
    { name: 'an ended link is an end', attempts, fresh: { at: 'gone' }, want: 'gone' },
    { name: 'what plays as a stream alone is loaded', attempts, fresh: { at: 'media', media: media() }, want: 'load' },
    {
      name: 'nothing to play is said',
      attempts,
      fresh: { at: 'media', media: { sources: [], hls: undefined } },
      want: 'give-up',
    },
  ]
  it.each(cases)('$name', ({ attempts: before, fresh, want }) => expect(nextStep(before, fresh).step.at).toBe(want))

  it('waits longer with each try, up to a bound', () => {
    const waits = [0, 1, 2, 3, 4, 99].map((tries) => nextStep({ ...attempts, offlineTries: tries }, { at: 'offline' }))
    expect(waits.map(({ step }) => step)).toEqual(
      [1_000, 2_000, 4_000, 8_000, 15_000, 15_000].map((ms) => ({ at: 'wait', ms })),
    )
  })

  it('counts anew in another place, and on in the same one', () => {
    const tried = { ...attempts, sameTries: 2, offlineTries: 1, atMs: 8_000 }
    const places = [8_000, 8_300, 9_000, 0].map((atMs) => attemptsAt(tried, atMs).sameTries)
    expect(places).toEqual([2, 2, 0, 0])
    expect(attemptsAt(attempts, 0), 'the first time').toEqual({ ...attempts, atMs: 0 })
  })

  it('counts anew after a new address', () => {
    const { attempts: after } = nextStep(
      { failed: old, sameTries: 2, offlineTries: 4 },
      { at: 'media', media: renewed },
    )
    expect(after).toEqual({ failed: renewed, sameTries: 0, offlineTries: 0 })
  })
})

describe('keys', () => {
  it.each([
    { key: ' ', want: { at: 'toggle' } },
    { key: 'K', want: { at: 'toggle' } },
    { key: 'j', want: { at: 'seek-by', ms: -10_000 } },
    { key: 'ArrowRight', want: { at: 'seek-by', ms: 5_000 } },
    { key: '>', want: { at: 'speed', steps: 1 } },
    { key: '7', want: { at: 'seek-part', part: 0.7 } },
    { key: 'c', want: { at: 'comment' } },
    { key: 'Tab', want: undefined },
    { key: 'x', want: undefined },
  ])('"$key"', ({ key, want }) => expect(keyAction(key)).toEqual(want))
})

describe('stepSpeed', () => {
  it.each([
    { from: 1, steps: 1, want: 1.25 },
    { from: 1, steps: -1, want: 0.75 },
    { from: 2.5, steps: 1, want: 2.5 },
    { from: 0.75, steps: -1, want: 0.75 },
    { from: 1.3, steps: 1, want: 1.5 },
  ] as const)('from $from by $steps', ({ from, steps, want }) => expect(stepSpeed(from, steps)).toBe(want))
})
