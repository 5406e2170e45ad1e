import { expect, test } from 'vitest'
import { elapsedMs, newRecording, type Recording, type RecordingEvent, reduce } from './machine'

function after(...events: RecordingEvent[]): Recording {
  return events.reduce(reduce, newRecording)
}

const begun: RecordingEvent[] = [{ type: 'asked' }, { type: 'acquired' }, { type: 'began', nowMs: 10_000 }]

test('each event leads to its stage, and an event that comes too late changes nothing', () => {
  const cases: { name: string; events: RecordingEvent[]; want: Recording['phase'] }[] = [
    { name: 'nothing yet', events: [], want: { at: 'idle' } },
    { name: 'asked', events: [{ type: 'asked' }], want: { at: 'acquiring' } },
    {
      name: 'counting',
      events: [{ type: 'asked' }, { type: 'acquired' }, { type: 'ticked' }],
      want: { at: 'countdown', left: 2 },
    },
    {
      name: 'back from the countdown',
      events: [{ type: 'asked' }, { type: 'acquired' }, { type: 'dropped' }],
      want: { at: 'idle' },
    },
    {
      name: 'refused',
      events: [{ type: 'asked' }, { type: 'refused', sentence: 'No.' }],
      want: { at: 'failed', sentence: 'No.' },
    },
    {
      name: 'asked again after a refusal',
      events: [{ type: 'asked' }, { type: 'refused', sentence: 'No.' }, { type: 'asked' }],
      want: { at: 'acquiring' },
    },
    { name: 'recording', events: begun, want: { at: 'recording' } },
    { name: 'asked twice', events: [...begun, { type: 'asked' }], want: { at: 'recording' } },
    { name: 'paused', events: [...begun, { type: 'paused', nowMs: 11_000 }], want: { at: 'paused' } },
    {
      name: 'share ended',
      events: [...begun, { type: 'share-ended', nowMs: 11_000 }],
      want: { at: 'interrupted', left: 10 },
    },
    {
      name: 'share ended in a pause',
      events: [...begun, { type: 'paused', nowMs: 11_000 }, { type: 'share-ended', nowMs: 12_000 }],
      want: { at: 'interrupted', left: null },
    },
    {
      name: 'told to wait',
      events: [...begun, { type: 'share-ended', nowMs: 11_000 }, { type: 'waited-for' }, { type: 'ticked' }],
      want: { at: 'interrupted', left: null },
    },
    {
      name: 'shared again',
      events: [...begun, { type: 'share-ended', nowMs: 11_000 }, { type: 'resumed', nowMs: 12_000 }],
      want: { at: 'recording' },
    },
    ...[
      { name: 'undone in between', events: [], at: 'uploading' },
      { name: 'undone in the countdown', events: begun.slice(0, 2), at: 'uploading' },
      { name: 'undone while the browser asks what to share', events: begun.slice(0, 1), at: 'acquiring' },
      { name: 'undone while another one runs', events: begun, at: 'recording' },
    ].map(({ name, events, at }) => ({
      name,
      events: [...events, { type: 'restored', recording: after(...begun) } as const],
      want: { at } as Recording['phase'],
    })),
    {
      name: 'stopped while interrupted',
      events: [...begun, { type: 'share-ended', nowMs: 11_000 }, { type: 'stopped', nowMs: 12_000 }],
      want: { at: 'stopping' },
    },
    {
      name: 'sealed before the page knew that all was handed over',
      events: [...begun, { type: 'stopped', nowMs: 12_000 }, { type: 'sealed' }, { type: 'kept' }],
      want: { at: 'done' },
    },
    {
      name: 'on its way',
      events: [...begun, { type: 'stopped', nowMs: 12_000 }, { type: 'kept' }],
      want: { at: 'uploading' },
    },
    {
      name: 'paused too late',
      events: [...begun, { type: 'stopped', nowMs: 12_000 }, { type: 'paused', nowMs: 12_001 }],
      want: { at: 'stopping' },
    },
    {
      name: 'refused too late',
      events: [...begun, { type: 'stopped', nowMs: 12_000 }, { type: 'refused', sentence: 'No.' }],
      want: { at: 'stopping' },
    },
  ]
  for (const tc of cases) expect(after(...tc.events).phase, tc.name).toEqual(tc.want)
})

test('elapsed time leaves pauses and interruptions out', () => {
  const cases: { name: string; events: RecordingEvent[]; nowMs: number; want: number }[] = [
    { name: 'before', events: [], nowMs: 99_000, want: 0 },
    { name: 'running', events: begun, nowMs: 14_000, want: 4000 },
    {
      name: 'after a sleep',
      events: [...begun, { type: 'slept', ms: 60_000, nowMs: 73_000 }],
      nowMs: 74_000,
      want: 4000,
    },
    { name: 'in a pause', events: [...begun, { type: 'paused', nowMs: 12_000 }], nowMs: 90_000, want: 2000 },
    {
      name: 'after a pause',
      events: [...begun, { type: 'paused', nowMs: 12_000 }, { type: 'resumed', nowMs: 20_000 }],
      nowMs: 21_000,
      want: 3000,
    },
    {
      name: 'stopped in a pause',
      events: [...begun, { type: 'paused', nowMs: 12_000 }, { type: 'stopped', nowMs: 15_000 }],
      nowMs: 90_000,
      want: 2000,
    },
    {
      name: 'share ended in a pause',
      events: [...begun, { type: 'paused', nowMs: 12_000 }, { type: 'share-ended', nowMs: 15_000 }],
      nowMs: 16_000,
      want: 2000,
    },
  ]
  for (const tc of cases) expect(elapsedMs(after(...tc.events), tc.nowMs), tc.name).toBe(tc.want)
})
