import { expect, test } from 'vitest'
import { quietWords } from './messages'
import { type Frames, type Quiet, Watchdog } from './watchdog'

/** A minute of a recording, and what is said in it. */
type Minute = {
  name: string
  /** Is it so at this second? */
  chunks?: (s: number) => boolean
  frames?: (s: number) => boolean
  /** When the frames were counted last; undefined where nobody can count them. */
  counted?: (s: number) => number | undefined
  /** The page's timer runs in this tenth of a second. */
  ticks?: (tenth: number) => boolean
  want: Quiet['is'][]
}

const always = (): boolean => true
const not =
  (from: number, to: number) =>
  (s: number): boolean =>
    s < from || s >= to
const often = { chunks: always, frames: always, counted: (s: number) => s, ticks: always }

const minutes: Minute[] = [
  { name: 'all is well', want: [] },
  { name: 'frames stop, and so do the chunks', chunks: not(10, 60), frames: not(9, 60), want: ['stopped'] },
  { name: 'they come again', chunks: not(10, 40), frames: not(9, 40), want: ['stopped'] },
  { name: 'a busy machine: chunks are late, frames come', chunks: not(10, 50), want: ['late'] },
  { name: 'chunks are late by six seconds', chunks: not(10, 15), want: [] },
  {
    name: 'a busy machine: the page looks every five seconds, chunks come after twenty',
    chunks: (s) => s % 20 === 0,
    ticks: (tenth) => tenth % 50 === 0,
    want: [],
  },
  {
    name: 'a busy machine: whoever counts the frames is not heard for half a minute',
    chunks: not(10, 50),
    counted: (s) => (s > 12 && s < 42 ? 12 : s),
    want: ['late'],
  },
  {
    name: 'nobody can count the frames',
    chunks: not(10, 50),
    frames: not(10, 50),
    counted: () => undefined,
    want: ['late'],
  },
  { name: 'a still screen: its frame is repeated', frames: always, want: [] },
  {
    name: 'a tab asleep for half a minute',
    chunks: not(10, 41),
    frames: not(10, 41),
    ticks: (t) => t < 100 || t > 400,
    want: [],
  },
  { name: 'a hidden page', chunks: not(10, 60), frames: not(9, 60), ticks: (t) => t % 10 === 0, want: ['stopped'] },
]

test.each(minutes)('of a recorder it says only what is true: $name', (minute) => {
  const { chunks, frames, counted, ticks, want } = { ...often, ...minute }
  const dog = new Watchdog()
  dog.feed('screen')
  const said = new Set<string>()
  const counts = new Map([[0, 0]])
  let count = 0
  for (let tenth = 0; tenth < 600; tenth++) {
    const s = tenth / 10
    if (tenth % 20 === 0 && chunks(s)) dog.feed('screen')
    if (frames(s)) count++
    if (Number.isInteger(s)) counts.set(s, count)
    if (!ticks(tenth)) continue
    const at = counted(Math.floor(s))
    const of: Frames | null = at === undefined ? null : { count: counts.get(at) ?? 0, atMs: at * 1000 }
    for (const { is } of dog.look(tenth * 100, () => of)) said.add(is)
  }
  const order = ['late', 'stopped'] as const
  expect(order.filter((is) => said.has(is))).toEqual(want)
})

test('each track is watched apart, and nothing in a pause', () => {
  const dog = new Watchdog()
  const look = (fromMs: number, toMs: number): Quiet[] => {
    let last: Quiet[] = []
    for (let ms = fromMs; ms <= toMs; ms += 1000) last = dog.look(ms, () => null)
    return last
  }
  dog.feed('screen')
  dog.feed('camera')
  expect(look(0, 7000)).toEqual([])
  dog.feed('screen')
  expect(look(8000, 10_000)).toEqual([{ track: 'camera', is: 'late' }])
  dog.forget('camera')
  expect(look(11_000, 14_000)).toEqual([])
  dog.forget()
  expect(look(15_000, 90_000)).toEqual([])
})

test('nobody is told to stop unless the frames of the main track do not come', () => {
  const cases: { quiet: Quiet[]; hasPicture?: boolean; says: RegExp | null }[] = [
    { quiet: [], says: null },
    { quiet: [{ track: 'screen', is: 'late' }], says: /late. Everything before them is kept/ },
    { quiet: [{ track: 'screen', is: 'stopped' }], says: /^No picture.*begin another one/ },
    { quiet: [{ track: 'screen', is: 'stopped' }], hasPicture: false, says: /^No sound.*begin another one/ },
    { quiet: [{ track: 'camera', is: 'late' }], says: /late. Everything before them is kept/ },
    { quiet: [{ track: 'camera', is: 'stopped' }], says: /camera.*The rest of the recording goes on/ },
  ]
  for (const { quiet, hasPicture = true, says } of cases) {
    const words = quietWords(quiet, hasPicture)
    if (says) expect(words).toMatch(says)
    else expect(words).toBeNull()
    const isStopped = quiet.some(({ track, is }) => track === 'screen' && is === 'stopped')
    expect(/stop,/.test(words ?? ''), words ?? '').toBe(isStopped)
  }
})
