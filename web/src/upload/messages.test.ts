import { expect, test } from 'vitest'
import { announcement, figures, leftWords, phaseWords, sizeWords, titleFrom } from './messages'
import { newUpload, type Phase, type Upload } from './upload'

const at = (phase: Phase, sentBytes = 0): Upload => ({ ...newUpload('a', 'clip.mov', 80_000_000), sentBytes, phase })

const phases: { name: string; upload: Upload; want: string }[] = [
  { name: 'queued', upload: at({ at: 'queued' }), want: 'Next in line' },
  { name: 'starting', upload: at({ at: 'starting' }), want: 'Making the link' },
  { name: 'sending', upload: at({ at: 'sending', speed: null }, 33_999_999), want: 'Uploading 42 %' },
  {
    name: 'no network',
    upload: at({ at: 'waiting', because: 'network', attempt: 1 }),
    want: 'Waiting for the network. Nothing is lost.',
  },
  {
    name: 'no server',
    upload: at({ at: 'waiting', because: 'server', attempt: 1 }),
    want: 'The server is not answering. Trying again; nothing is lost.',
  },
  { name: 'paused', upload: at({ at: 'paused' }, 8_000_000), want: 'Paused at 10 %' },
  { name: 'refused', upload: at({ at: 'refused', reason: 'Too large.', again: 'never' }), want: 'Too large.' },
]
for (const tc of phases) test(`${tc.name} says what it is`, () => expect(phaseWords(tc.upload)).toBe(tc.want))

test('figures tell of size, speed and time left', () => {
  const speed = { bytesPerSecond: 3_100_000, sampleBytes: 0, sampleMs: 0 }
  expect(figures(at({ at: 'sending', speed }, 12_000_000))).toBe('12 MB of 80 MB · 3.1 MB/s · about 30 s left')
  expect(figures(at({ at: 'paused' }, 12_000_000))).toBe('12 MB of 80 MB')
})

test('sizes', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1500, '2 kB'],
    [999_999, '1.0 MB'],
    [1_250_000, '1.3 MB'],
    [6_000_000_000, '6.0 GB'],
  ]
  for (const [bytes, want] of cases) expect(sizeWords(bytes)).toBe(want)
})

test('time left is round', () => {
  const cases: [number, string][] = [
    [3, 'a few seconds left'],
    [41, 'about 50 s left'],
    [58, 'about 1 min left'],
    [600, 'about 10 min left'],
    [5400, 'about 1.5 h left'],
  ]
  for (const [seconds, want] of cases) expect(leftWords(seconds)).toBe(want)
})

test('a title is the name without its ending', () => {
  expect(['phone clip.mov', 'v1.2.mp4', 'notes', '.mov'].map(titleFrom)).toEqual([
    'phone clip',
    'v1.2',
    'notes',
    'Untitled update',
  ])
})

test('only changes of phase are announced', () => {
  expect(announcement(at({ at: 'sending', speed: null }), at({ at: 'sending', speed: null }, 9))).toBe('')
  expect(announcement(at({ at: 'sending', speed: null }), at({ at: 'done' }))).toBe('clip.mov is uploaded.')
  expect(announcement(at({ at: 'waiting', because: 'network', attempt: 1 }), at({ at: 'sending', speed: null }))).toBe(
    'clip.mov: going on.',
  )
})
