import { describe, expect, it } from 'vitest'
import { type ConnectionEvent, judge, newConnection, type Verdict } from './connection'

const second = 1_000

/** A counted stall, from a to b seconds. */
function stall(a: number, b: number): ConnectionEvent[] {
  return [
    { at: 'waiting', nowMs: a * second, bufferedMs: 0, counts: true },
    ...(b > a ? [{ at: 'over' } as const] : []),
  ]
}

function check(s: number, bufferedMs: number, speed = 1): ConnectionEvent {
  return { at: 'check', nowMs: s * second, bufferedMs, speed }
}

function verdicts(events: readonly ConnectionEvent[]): Verdict[] {
  let connection = newConnection
  return events.map((event) => {
    const next = judge(connection, event)
    connection = next.connection
    return next.verdict
  })
}

const started: ConnectionEvent = { at: 'waiting', nowMs: 0, bufferedMs: 500, counts: false }

describe('judge', () => {
  const cases: { name: string; events: ConnectionEvent[]; want: Verdict }[] = [
    { name: 'one stall: what may be needed is fetched', events: stall(10, 10), want: 'prepare' },
    { name: 'two stalls in 30 s', events: [...stall(10, 11), ...stall(39, 39)], want: 'switch' },
    { name: 'two stalls further apart', events: [...stall(10, 11), ...stall(40, 40)], want: 'prepare' },
    {
      name: 'three, of which two are near',
      events: [...stall(0, 1), ...stall(40, 41), ...stall(60, 60)],
      want: 'switch',
    },
    {
      name: 'waiting at the start or after a jump is no stall',
      events: [...stall(10, 11), { ...started, nowMs: 12 * second }],
      want: 'fine',
    },
    { name: 'the same stall told twice is one', events: [...stall(10, 10), ...stall(11, 11)], want: 'fine' },
    { name: 'a long stall in which too little comes', events: [...stall(10, 10), check(12.1, 1_500)], want: 'switch' },
    { name: 'a long wait at the start in which too little comes', events: [started, check(2.1, 900)], want: 'switch' },
    { name: 'a long stall in which enough comes', events: [...stall(10, 10), check(12.1, 2_200)], want: 'fine' },
    {
      name: 'enough for natural speed, but it plays twice as fast',
      events: [...stall(10, 10), check(12.1, 2_200, 2)],
      want: 'switch',
    },
    { name: 'a stall that is not long yet', events: [...stall(10, 10), check(12, 0)], want: 'fine' },
    { name: 'a stall that is over', events: [...stall(10, 11), check(20, 0)], want: 'fine' },
  ]
  it.each(cases)('$name: $want', ({ events, want }) => expect(verdicts(events).at(-1)).toBe(want))
})
