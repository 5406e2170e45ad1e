import { describe, expect, test } from 'vitest'
import {
  canPause,
  canResume,
  isBusy,
  isUnfinished,
  type Link,
  newUpload,
  nextUp,
  type Phase,
  percent,
  reduce,
  secondsLeft,
  type Upload,
  type UploadEvent,
} from './upload'

const link: Link = { videoId: 'v1', watchUrl: 'https://here.example/v/abc', uploadUrl: '/api/v1/files/u1' }
const fresh = newUpload('a', 'clip.mov', 1000)

function play(from: Upload, ...events: UploadEvent[]): Upload {
  return events.reduce(reduce, from)
}

describe('reduce', () => {
  const cases: { name: string; from: Upload; events: UploadEvent[]; want: Partial<Upload> }[] = [
    {
      name: 'a new file asks for its link first',
      from: fresh,
      events: [{ type: 'started' }],
      want: { phase: { at: 'starting' }, link: null },
    },
    {
      name: 'the link is there before the first byte',
      from: fresh,
      events: [{ type: 'started' }, { type: 'created', link }],
      want: { phase: { at: 'sending', speed: null }, link, sentBytes: 0 },
    },
    {
      name: 'a file of an earlier visit goes on at once',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [{ type: 'started' }, { type: 'stood', offsetBytes: 400 }],
      want: { phase: { at: 'sending', speed: null }, sentBytes: 400 },
    },
    {
      name: 'a link that arrives after a pause is kept and nothing is sent',
      from: fresh,
      events: [{ type: 'started' }, { type: 'paused' }, { type: 'created', link }],
      want: { phase: { at: 'paused' }, link },
    },
    {
      name: 'a new try keeps saying that it waits until the server answers',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [{ type: 'started' }, { type: 'lost', because: 'network', attempt: 2 }, { type: 'started' }],
      want: { phase: { at: 'waiting', because: 'network', attempt: 2 } },
    },
    {
      name: 'it goes on when the server says where it stands',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [
        { type: 'started' },
        { type: 'lost', because: 'network', attempt: 2 },
        { type: 'started' },
        { type: 'stood', offsetBytes: 512 },
      ],
      want: { phase: { at: 'sending', speed: null }, sentBytes: 512 },
    },
    {
      name: 'what the server holds wins over what was sent',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [
        { type: 'started' },
        { type: 'stood', offsetBytes: 0 },
        { type: 'progressed', sentBytes: 900, nowMs: 0 },
        { type: 'stood', offsetBytes: 640 },
      ],
      want: { sentBytes: 640 },
    },
    {
      name: 'progress after a pause changes nothing',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [{ type: 'started' }, { type: 'paused' }, { type: 'progressed', sentBytes: 900, nowMs: 0 }],
      want: { phase: { at: 'paused' }, sentBytes: 0 },
    },
    {
      name: 'an upload that the server forgot begins anew',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [
        { type: 'started' },
        { type: 'stood', offsetBytes: 400 },
        { type: 'refused', reason: 'Expired.', again: 'restart' },
        { type: 'forgotten' },
        { type: 'resumed' },
        { type: 'started' },
      ],
      want: { phase: { at: 'starting' }, link: null, sentBytes: 0 },
    },
    {
      name: 'what can never work cannot be resumed',
      from: fresh,
      events: [{ type: 'started' }, { type: 'refused', reason: 'Too large.', again: 'never' }, { type: 'resumed' }],
      want: { phase: { at: 'refused', reason: 'Too large.', again: 'never' } },
    },
    {
      name: 'a session that ended keeps what was sent',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [{ type: 'started' }, { type: 'stood', offsetBytes: 400 }, { type: 'signed-out' }],
      want: { phase: { at: 'signed-out' }, sentBytes: 400, link },
    },
    {
      name: 'done is the end',
      from: newUpload('a', 'clip.mov', 1000, link),
      events: [
        { type: 'started' },
        { type: 'finished' },
        { type: 'lost', because: 'network', attempt: 1 },
        { type: 'paused' },
      ],
      want: { phase: { at: 'done' }, sentBytes: 1000 },
    },
  ]
  for (const tc of cases) test(tc.name, () => expect(play(tc.from, ...tc.events)).toMatchObject(tc.want))
})

describe('places', () => {
  const at = (id: string, phase: Phase): Upload => ({ ...newUpload(id, id, 1), phase })
  const cases: { name: string; uploads: Upload[]; want: string[] }[] = [
    {
      name: 'two of three start',
      uploads: [at('a', { at: 'queued' }), at('b', { at: 'queued' }), at('c', { at: 'queued' })],
      want: ['a', 'b'],
    },
    {
      name: 'one that waits for the network keeps its place',
      uploads: [
        at('a', { at: 'waiting', because: 'network', attempt: 1 }),
        at('b', { at: 'queued' }),
        at('c', { at: 'queued' }),
      ],
      want: ['b'],
    },
    {
      name: 'a paused one gives its place up',
      uploads: [at('a', { at: 'paused' }), at('b', { at: 'sending', speed: null }), at('c', { at: 'queued' })],
      want: ['c'],
    },
    {
      name: 'nothing starts when all places are taken',
      uploads: [at('a', { at: 'sending', speed: null }), at('b', { at: 'starting' }), at('c', { at: 'queued' })],
      want: [],
    },
  ]
  for (const tc of cases) test(tc.name, () => expect(nextUp(tc.uploads, 2)).toEqual(tc.want))
})

describe('what may be done in each phase', () => {
  const cases: { phase: Phase; busy: boolean; unfinished: boolean; pause: boolean; resume: boolean }[] = [
    { phase: { at: 'queued' }, busy: false, unfinished: true, pause: true, resume: false },
    { phase: { at: 'starting' }, busy: true, unfinished: true, pause: true, resume: false },
    { phase: { at: 'sending', speed: null }, busy: true, unfinished: true, pause: true, resume: false },
    {
      phase: { at: 'waiting', because: 'server', attempt: 3 },
      busy: true,
      unfinished: true,
      pause: true,
      resume: false,
    },
    { phase: { at: 'paused' }, busy: false, unfinished: true, pause: false, resume: true },
    { phase: { at: 'signed-out' }, busy: true, unfinished: true, pause: true, resume: false },
    {
      phase: { at: 'refused', reason: 'Full.', again: 'retry' },
      busy: false,
      unfinished: false,
      pause: false,
      resume: true,
    },
    {
      phase: { at: 'refused', reason: 'Too large.', again: 'never' },
      busy: false,
      unfinished: false,
      pause: false,
      resume: false,
    },
    { phase: { at: 'done' }, busy: false, unfinished: false, pause: false, resume: false },
  ]
  for (const tc of cases) {
    test(JSON.stringify(tc.phase), () => {
      const u = { ...fresh, phase: tc.phase }
      expect({ busy: isBusy(u), unfinished: isUnfinished(u), pause: canPause(u), resume: canResume(u) }).toEqual({
        busy: tc.busy,
        unfinished: tc.unfinished,
        pause: tc.pause,
        resume: tc.resume,
      })
    })
  }
})

test('speed and time left come from samples a second apart', () => {
  const u = play(
    newUpload('a', 'clip.mov', 10_000, link),
    { type: 'started' },
    { type: 'stood', offsetBytes: 0 },
    { type: 'progressed', sentBytes: 0, nowMs: 0 },
    { type: 'progressed', sentBytes: 500, nowMs: 400 },
    { type: 'progressed', sentBytes: 2000, nowMs: 1000 },
  )
  expect(secondsLeft(u)).toBe(4)
  expect(percent(u)).toBe(20)
  expect(secondsLeft(reduce(u, { type: 'paused' }))).toBeNull()
})
