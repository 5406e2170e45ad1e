import { describe, expect, it } from 'vitest'
import type { Source } from '../api/shared-video'
import { newAttempts } from './recovery'
import { AUTO } from './renditions'
import {
  mayLeaveFile,
  mayStarve,
  missingRenditions,
  newPlayerState,
  type Playback,
  type PlayerEvent,
  type PlayerState,
  planFor,
  reduce,
} from './state'

const list = '/m/a/g1/hls.m3u8'
const file = (name: string, height = 720): Source => ({
  type: 'video/mp4',
  url: `/m/a/${name}`,
  width: (height * 16) / 9,
  height,
})
const offerOf = (sources: Source[], hls: string | undefined = list): Playback => ({
  sources,
  hls,
  poster: undefined,
  storyboard: undefined,
  title: 'Release',
  durationMs: 60_000,
})

const copy = file('g1/copy.mp4')
const ready = offerOf([copy])
const recorded = offerOf([], '/m/a/g0/screen.m3u8')
const renditions = [{ url: '/m/a/g1/480p.m3u8', width: 854, height: 480 }]

const began: PlayerEvent = { type: 'began', playback: ready, playingUrl: copy.url }
const played: PlayerEvent = { type: 'played' }
const read: PlayerEvent = { type: 'renditions-read', url: list, renditions }
const select: PlayerEvent = { type: 'quality-selected', name: '480p' }
const failed: PlayerEvent = { type: 'source-failed', atMs: 5_000 }
const live: PlayerEvent[] = [{ type: 'began', playback: recorded, playingUrl: '' }, { type: 'plan-wanted' }, played]

function stateAfter(...events: PlayerEvent[]): PlayerState {
  return events.reduce(reduce, { ...newPlayerState, screen: { width: 1280, height: 720 } })
}

/** What plays, by the last part of its address. */
function playing(s: PlayerState): string | undefined {
  const url = s.plan?.at === 'files' ? s.plan.sources[0]?.url : s.plan?.url
  return url?.split('/').at(-1)
}

describe('what plays', () => {
  const better = offerOf([file('g2/720p.mp4')], '/m/a/g2/hls.m3u8')
  const cases: { name: string; events: PlayerEvent[]; want: string | undefined }[] = [
    { name: 'nothing at first', events: [], want: undefined },
    { name: 'the file that the HTML began with', events: [began], want: 'copy.mp4' },
    {
      name: 'nothing yet of a new element',
      events: [{ type: 'began', playback: ready, playingUrl: '' }],
      want: undefined,
    },
    {
      name: 'the best file once it is wanted',
      events: [{ type: 'began', playback: ready, playingUrl: '' }, { type: 'plan-wanted' }],
      want: 'copy.mp4',
    },
    { name: 'a recording without a file, as a stream', events: live, want: 'screen.m3u8' },
    {
      name: 'a better offer, before anybody has played',
      events: [began, { type: 'offered', playback: better }],
      want: '720p.mp4',
    },
    {
      name: 'not a better offer, once somebody has played',
      events: [began, played, { type: 'offered', playback: better }],
      want: 'copy.mp4',
    },
    {
      name: 'not a better offer, once somebody has jumped',
      events: [began, { type: 'sought' }, { type: 'offered', playback: better }],
      want: 'copy.mp4',
    },
    {
      name: 'not the copy of the very same recording',
      events: [
        { type: 'began', playback: offerOf([file('g0/screen.whole.mp4')]), playingUrl: '/m/a/g0/screen.whole.mp4' },
        { type: 'offered', playback: ready },
      ],
      want: 'screen.whole.mp4',
    },
    {
      name: 'a better offer, after the player gave up',
      events: [
        began,
        played,
        failed,
        { type: 'recovery-ended' },
        { type: 'gave-up' },
        { type: 'offered', playback: better },
      ],
      want: '720p.mp4',
    },
    {
      name: 'no better offer while it recovers',
      events: [began, failed, { type: 'offered', playback: better }],
      want: 'copy.mp4',
    },
    { name: 'the quality that was selected', events: [began, played, read, select], want: '480p.m3u8' },
    {
      name: 'the stream, on a link that is too slow for the file',
      events: [began, played, { type: 'link-too-slow' }],
      want: 'hls.m3u8',
    },
    {
      name: 'the file again, where no stream can be played',
      events: [began, played, { type: 'link-too-slow' }, { type: 'stream-failed' }],
      want: 'copy.mp4',
    },
    {
      name: 'the file, where the selected stream gives up',
      events: [began, played, read, select, failed, { type: 'recovery-ended' }, { type: 'gave-up' }],
      want: 'copy.mp4',
    },
    {
      name: 'the file, where a stream starves and there is one by now',
      events: [...live, { type: 'offered', playback: ready }, { type: 'starved' }],
      want: 'copy.mp4',
    },
    {
      name: 'the file that comes while a stream starves',
      events: [...live, { type: 'starved' }, { type: 'offered', playback: ready }],
      want: 'copy.mp4',
    },
    {
      name: 'the stream still, where it flows again before a file comes',
      events: [...live, { type: 'starved' }, { type: 'flowed' }, { type: 'offered', playback: ready }],
      want: 'screen.m3u8',
    },
    { name: 'nothing once it was taken away', events: [began, { type: 'cleared' }], want: undefined },
  ]
  it.each(cases)('$name', ({ events, want }) => expect(playing(stateAfter(...events))).toBe(want))
})

describe('what is loaded anew', () => {
  const renewed: Playback = { ...ready, sources: [{ ...copy, url: '/m/b/g1/copy.mp4' }], hls: '/m/b/g1/hls.m3u8' }
  const streamed = [began, played, read, select]
  const cases: { name: string; before: PlayerEvent[]; event: PlayerEvent; want: boolean }[] = [
    {
      name: 'new addresses of a file',
      before: [began],
      event: { type: 'renewed', media: renewed, inPlace: false },
      want: true,
    },
    {
      name: 'the same addresses after a failure',
      before: [began],
      event: { type: 'renewed', media: ready, inPlace: false },
      want: true,
    },
    {
      name: 'not a stream that takes them by itself',
      before: streamed,
      event: { type: 'renewed', media: renewed, inPlace: true },
      want: false,
    },
    { name: 'not what plays already', before: [began], event: { type: 'plan-wanted' }, want: false },
    { name: 'not the same offer', before: [began], event: { type: 'offered', playback: renewed }, want: false },
    { name: 'not a list of renditions', before: [began], event: read, want: false },
    {
      name: 'not a stream that fails where there is nothing else',
      before: live,
      event: { type: 'stream-failed' },
      want: false,
    },
  ]
  it.each(cases)('$name', ({ before, event, want }) => {
    const old = stateAfter(...before)
    expect(reduce(old, event).plan !== old.plan).toBe(want)
  })

  it('has the new grant everywhere', () => {
    const s = stateAfter(...streamed, { type: 'renewed', media: renewed, inPlace: false })
    expect(s.plan).toEqual({ at: 'stream', url: '/m/b/g1/480p.m3u8' })
    expect(s.playback?.sources[0]?.url).toBe('/m/b/g1/copy.mp4')
  })
})

describe('what the viewer wants', () => {
  const pause = (hidden: boolean, loading: boolean): PlayerEvent => ({ type: 'paused', hidden, loading })
  const cases: { name: string; events: PlayerEvent[]; want: PlayerState['intent'] }[] = [
    { name: 'nothing at first', events: [began], want: 'idle' },
    { name: 'a jump is no wish to play', events: [began, { type: 'sought' }], want: 'pause' },
    { name: 'a jump while it plays changes nothing', events: [began, played, { type: 'sought' }], want: 'play' },
    { name: 'a pause', events: [began, played, pause(false, false)], want: 'pause' },
    { name: 'a source that loads is no pause', events: [began, played, pause(false, true)], want: 'play' },
    { name: 'a failure is no pause', events: [began, played, failed, pause(false, false)], want: 'play' },
    { name: 'a hidden tab is no pause', events: [began, played, pause(true, false)], want: 'hidden' },
    { name: 'the tab is shown again', events: [began, played, pause(true, false), { type: 'shown' }], want: 'play' },
    { name: 'a tab that is shown starts nothing', events: [began, { type: 'shown' }], want: 'idle' },
    {
      name: 'a new try is a wish to play',
      events: [began, failed, { type: 'gave-up' }, { type: 'retried' }],
      want: 'play',
    },
  ]
  it.each(cases)('$name', ({ events, want }) => expect(stateAfter(...events).intent).toBe(want))
})

describe('how it flows', () => {
  const cases: { name: string; events: PlayerEvent[]; want: PlayerState['flow'] }[] = [
    { name: 'well at first', events: [began], want: 'flowing' },
    { name: 'a file does not starve', events: [began, played, { type: 'starved' }], want: 'flowing' },
    { name: 'a stream does', events: [...live, { type: 'starved' }], want: 'starving' },
    { name: 'until it goes on', events: [...live, { type: 'starved' }, { type: 'flowed' }], want: 'flowing' },
    { name: 'a failure is recovered from', events: [began, failed], want: 'recovering' },
    { name: 'which ends', events: [began, failed, { type: 'recovery-ended' }], want: 'flowing' },
    { name: 'or does not', events: [began, failed, { type: 'recovery-ended' }, { type: 'gave-up' }], want: 'failed' },
    {
      name: 'a recording that cannot be streamed has failed: there is no file',
      events: [...live, failed, { type: 'recovery-ended' }, { type: 'gave-up' }],
      want: 'failed',
    },
    { name: 'a new try', events: [began, failed, { type: 'gave-up' }, { type: 'retried' }], want: 'flowing' },
  ]
  it.each(cases)('$name', ({ events, want }) => expect(stateAfter(...events).flow).toBe(want))

  it('counts tries anew once it flows, or in another place', () => {
    const tried = { ...newAttempts(ready), sameTries: 2, atMs: 5_000 }
    const stuck = stateAfter(began, failed, { type: 'recovery-ended', attempts: tried })
    expect(reduce(stuck, failed).attempts.sameTries).toBe(2)
    expect(reduce(stuck, { type: 'source-failed', atMs: 20_000 }).attempts.sameTries).toBe(0)
    expect(reduce(stuck, { type: 'flowed' }).attempts).toEqual(newAttempts(ready))
  })
})

describe('what is asked and watched', () => {
  it.each([
    { name: 'a list that is not read yet', events: [began], want: list },
    { name: 'not twice', events: [began, read], want: undefined },
    { name: 'again when it came empty', events: [began, { ...read, renditions: [] }], want: list },
    { name: 'not of a recording as it lies', events: live, want: undefined },
    { name: 'nothing before there is a video', events: [], want: undefined },
  ] as { name: string; events: PlayerEvent[]; want: string | undefined }[])('reads $name', ({ events, want }) =>
    expect(missingRenditions(stateAfter(...events))).toBe(want),
  )

  it('leaves a file for a stream only where the viewer left the choice', () => {
    expect(mayLeaveFile(stateAfter(began))).toBe(true)
    expect(mayLeaveFile(stateAfter(began, { type: 'quality-selected', name: '720p' }))).toBe(false)
    expect(mayLeaveFile(stateAfter(began, { type: 'stream-failed' }))).toBe(false)
    const fileAlone = { ...ready, hls: undefined }
    expect(mayLeaveFile(stateAfter({ type: 'began', playback: fileAlone, playingUrl: copy.url }))).toBe(false)
  })

  it('waits for a file only where the link is not the reason', () => {
    expect(mayStarve(stateAfter(...live))).toBe(true)
    expect(mayStarve(stateAfter(began, { type: 'link-too-slow' }))).toBe(false)
    expect(mayStarve(stateAfter(began))).toBe(false)
  })

  it('plans nothing without a video', () => expect(planFor(newPlayerState)).toBeUndefined())

  it('forgets a selected stream that fails', () => {
    expect(stateAfter(began, read, select, { type: 'stream-failed' }).selectedQuality).toBe(AUTO)
    expect(
      stateAfter(began, { type: 'quality-selected', name: '720p' }, { type: 'stream-failed' }).selectedQuality,
    ).toBe('720p')
  })
})
