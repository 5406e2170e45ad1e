import { expect, test } from 'vitest'
import { makeSafeStorage } from '../ui/safe-storage'
import { capabilitiesOf, chooseFormat, type Facts, soundNote, worthAsking } from './capabilities'
import { backoffMs } from './chunk-uploader'
import { chooseDevice, namedDevices, off, remember, remembered, replacementFor, whyDenied } from './devices'
import { digestHeader, sha256 } from './digest'
import { fileName } from './download'
import { patienceMs } from './exchange'
import { commandOf } from './keys'
import { outcomeOf } from './outcome'
import { hear, isSilent, levelOf, type Silence } from './silence'
import { parseTakeMeta } from './take-meta'

test('waits double from 150 ms to 4 s, spread over their upper half', () => {
  const cases: [attempt: number, random: number, want: number][] = [
    [1, 0, 75],
    [1, 0.999, 150],
    [3, 0.5, 450],
    [6, 0, 2000],
    [5000, 0.999, 3998],
  ]
  for (const [attempt, random, want] of cases) expect(backoffMs(attempt, random)).toBe(want)
})

test('is patient by size: 20 s, or 50 kB a second', () => {
  expect(patienceMs(0)).toBe(20_000)
  expect(patienceMs(600_000)).toBe(20_000)
  expect(patienceMs(5 << 20)).toBe(104_858)
})

test('a digest is as RFC 9530 has it', async () => {
  const bytes = new TextEncoder().encode('{"hello": "world"}')
  expect(digestHeader(await sha256(bytes))).toBe('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:')
})

const chromium: Facts = {
  isSecure: true,
  hasMediaDevices: true,
  hasDisplayMedia: true,
  hasRecorder: true,
  hasAudioContext: true,
  hasFileSystem: true,
  hasDatabase: true,
  hasFloat: true,
  hasRelay: true,
  isTouch: false,
  supports: (type) => !/mp4a/.test(type),
  encodes: [],
}

const webm = (type: string): boolean => /webm/.test(type)
const nothing = (): boolean => false
const h264 = ['avc1.42E028', 'avc1.640028']

test('says what a browser can record, and before it begins what it cannot', () => {
  const cases: { name: string; facts: Partial<Facts>; tier: string | undefined; sources: number; says: RegExp }[] = [
    { name: 'Chromium on Linux', facts: {}, tier: 'B', sources: 4, says: /^$/ },
    { name: 'Firefox', facts: { supports: webm }, tier: 'C', sources: 4, says: /a second or two after you stop/ },
    {
      name: 'a Chromium whose recorder writes no MP4',
      facts: { supports: webm, encodes: h264 },
      tier: 'A',
      sources: 4,
      says: /^$/,
    },
    {
      name: 'encoders alone',
      facts: { hasRecorder: false, supports: nothing, encodes: h264 },
      tier: 'A',
      sources: 4,
      says: /^$/,
    },
    {
      name: 'a phone',
      facts: { hasDisplayMedia: false, isTouch: true },
      tier: 'B',
      sources: 2,
      says: /Phones do not let/,
    },
    { name: 'plain http', facts: { isSecure: false, hasMediaDevices: false }, tier: 'B', sources: 0, says: /https/ },
    {
      name: 'an old browser',
      facts: { hasRecorder: false, supports: nothing },
      tier: undefined,
      sources: 0,
      says: /cannot record/,
    },
    { name: 'no common form', facts: { supports: nothing }, tier: undefined, sources: 0, says: /in a form/ },
    {
      name: 'a private window',
      facts: { hasFileSystem: false, hasDatabase: false },
      tier: 'B',
      sources: 4,
      says: /keeps nothing/,
    },
  ]
  for (const tc of cases) {
    const can = capabilitiesOf({ ...chromium, ...tc.facts })
    expect(can.format?.tier, tc.name).toBe(tc.tier)
    expect(can.sources.length, tc.name).toBe(tc.sources)
    expect([can.nothing ?? '', ...can.notes].join(' ').trim(), tc.name).toMatch(tc.says)
  }
})

test('AAC comes before Opus, MP4 before WebM, and never a form of which one part is missing', () => {
  const choose = (supports: Facts['supports'], encodes: string[] = []) => chooseFormat({ supports, encodes })
  expect(choose(() => true)?.both).toBe('video/mp4;codecs=avc1.64003E,mp4a.40.2')
  expect(choose(chromium.supports)?.both).toBe('video/mp4;codecs=avc1.42E01F,opus')
  expect(choose((t) => chromium.supports(t) && t !== 'audio/mp4;codecs=opus')?.tier).toBe('C')
  expect(choose(webm, h264)).toMatchObject({ tier: 'A', picture: 'video/mp4;codecs=avc1.42E028' })
  expect(choose(webm, ['avc1.640028'])?.both).toBe('video/mp4;codecs=avc1.640028,mp4a.40.2')
  expect(choose(nothing)).toBeNull()
})

test('encoders are asked for what would change the choice, and for nothing else', () => {
  expect(worthAsking(() => true)).toEqual([])
  expect(worthAsking(chromium.supports)).toEqual([])
  expect(worthAsking(webm)).toEqual(h264)
  expect(worthAsking(nothing)).toEqual(h264)
})

test('the sound of a share is told honestly', () => {
  expect(soundNote(true, 'browser')).toMatch(/mixed in/)
  expect(soundNote(false, 'browser')).toMatch(/box/)
  expect(soundNote(false, 'monitor')).toMatch(/not recorded/)
})

test('devices: what was used last, as long as it is there', () => {
  const all = [
    { kind: 'audioinput', deviceId: 'a', label: 'Headset' },
    { kind: 'audioinput', deviceId: 'b', label: '' },
    { kind: 'videoinput', deviceId: 'c', label: '' },
    { kind: 'audiooutput', deviceId: 'd', label: 'Speakers' },
    { kind: 'videoinput', deviceId: '', label: '' },
  ] as MediaDeviceInfo[]
  const microphones = namedDevices(all, 'microphone')
  expect(microphones).toEqual([
    { id: 'a', label: 'Headset' },
    { id: 'b', label: 'Microphone 2' },
  ])
  expect(namedDevices(all, 'camera')).toEqual([{ id: 'c', label: 'Camera 1' }])
  const cases: [remembered: string | undefined, want: string][] = [
    ['b', 'b'],
    ['unplugged', 'a'],
    [undefined, 'a'],
    [off, off],
  ]
  for (const [last, want] of cases) expect(chooseDevice(microphones, last)).toBe(want)
  expect(chooseDevice([], 'b')).toBe('')
  expect(replacementFor('a', microphones)?.id).toBe('b')
  expect(replacementFor('a', [{ id: 'a', label: '' }])).toBeUndefined()
  const keep = makeSafeStorage(undefined)
  remember(keep, 'camera', 'c')
  expect(remembered(keep, 'camera')).toBe('c')
})

test('a refusal says what to do', () => {
  const named = (name: string) => new DOMException('', name)
  expect(whyDenied(named('NotAllowedError'), 'microphone')).toMatch(/Allow it/)
  expect(whyDenied(named('NotAllowedError'), 'screen')).toMatch(/Nothing was shared/)
  expect(whyDenied(named('NotFoundError'), 'camera')).toMatch(/No camera was found/)
  expect(whyDenied(named('NotReadableError'), 'camera')).toMatch(/another program/)
  expect(whyDenied(new Error('?'), 'microphone')).toMatch(/could not be started/)
})

test('five seconds without a sound are silence, and one word ends it', () => {
  let s: Silence = { sinceMs: null }
  for (let ms = 0; ms <= 4900; ms += 100) s = hear(s, 0.0001, ms)
  expect(isSilent(s, 4900)).toBe(false)
  s = hear(s, 0, 5000)
  expect(isSilent(s, 5000)).toBe(true)
  s = hear(s, 0.02, 5100)
  expect(isSilent(s, 60_000)).toBe(false)
  expect([0, 0.001, 0.03, 1, 2].map((p) => Math.round(levelOf(p) * 10))).toEqual([0, 0, 5, 10, 10])
})

test('keys have two modifiers', () => {
  const none = { key: '', code: '', altKey: false, shiftKey: false, ctrlKey: false, metaKey: false, repeat: false }
  expect(commandOf({ ...none, code: 'KeyR', key: 'r' })).toBeUndefined()
  expect(commandOf({ ...none, code: 'KeyR', key: '‰', altKey: true, shiftKey: true })).toBe('record-or-stop')
  expect(commandOf({ ...none, code: 'KeyP', altKey: true, shiftKey: true })).toBe('pause-or-resume')
  expect(commandOf({ ...none, code: 'KeyP', altKey: true, shiftKey: true, repeat: true })).toBeUndefined()
  expect(commandOf({ ...none, key: 'Escape' })).toBe('back')
})

test('a copy has a name that every system takes', () => {
  expect(fileName('What/why: "now"', 'screen', 'video/mp4;codecs=avc1', 1)).toBe('What why now .mp4'.replace(' .', '.'))
  expect(fileName('A', 'camera', 'video/x-matroska;codecs=avc1', 2)).toBe('A (camera).mkv')
  expect(fileName('///', 'screen', 'video/webm', 1)).toBe('recording.webm')
})

test('what was kept of a take is read with care', () => {
  const meta = {
    id: 'i',
    userId: 'u',
    title: '',
    startedAtMs: 1,
    types: { screen: 'video/mp4', other: 'x' },
    totals: { screen: { chunks: 2, bytes: 3 } },
  }
  expect(parseTakeMeta(JSON.parse(JSON.stringify(meta)))).toEqual({
    ...meta,
    types: { screen: 'video/mp4' },
    heartbeat: { state: 'recording', pauses: [], cameraOffsetMs: null },
    link: null,
    makes: 0,
    sealed: false,
    discarded: 'no',
  })
  expect(parseTakeMeta({ ...meta, discarded: 'here' })?.discarded).toBe('here')
  for (const broken of [null, 'x', [], {}, { ...meta, id: 7 }]) expect(parseTakeMeta(broken)).toBeUndefined()
})

test('an answer says whether to go on, to try again, or to ask somebody', () => {
  const cases: [status: number, want: string][] = [
    [200, 'good'],
    [204, 'good'],
    [0, 'again network'],
    [401, 'signed-out'],
    [404, 'stuck gone'],
    [409, 'stuck conflict'],
    [413, 'stuck refused'],
    [422, 'damaged'],
    [429, 'again server'],
    [403, 'stuck refused'],
    [502, 'again server'],
    [507, 'again full'],
  ]
  for (const [status, want] of cases) {
    const outcome = outcomeOf({ status, json: undefined })
    const more = outcome.is === 'again' ? outcome.because : outcome.is === 'stuck' ? outcome.stuck.why : ''
    expect(`${outcome.is} ${more}`.trim(), String(status)).toBe(want)
  }
  expect(outcomeOf({ status: 403, json: { detail: 'Not here.' } })).toMatchObject({ stuck: { sentence: 'Not here.' } })
})
