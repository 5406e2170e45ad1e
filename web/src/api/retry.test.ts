import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newBackoff, waitForNetwork } from './retry'

describe('newBackoff', () => {
  const uploads = { firstMs: 1000, longestMs: 30_000 }
  const events = { ...uploads, factor: 1.5, jitter: [0.75, 1.25] } as const
  const exact = { firstMs: 1000, longestMs: 15_000, jitter: [1, 1] } as const
  test.each([
    { name: 'the first wait, at its shortest', of: uploads, attempt: 1, random: 0, want: 500 },
    { name: 'the first wait, at its longest', of: uploads, attempt: 1, random: 0.999, want: 1000 },
    { name: 'doubles', of: uploads, attempt: 3, random: 0.5, want: 3000 },
    { name: 'ends growing', of: uploads, attempt: 6, random: 0, want: 15_000 },
    { name: 'stays in bounds for ever', of: uploads, attempt: 5000, random: 0.999, want: 29_985 },
    { name: 'another jitter, lowest', of: events, attempt: 1, random: 0, want: 750 },
    { name: 'another factor', of: events, attempt: 3, random: 0.5, want: 2250 },
    { name: 'no jitter', of: exact, attempt: 4, random: 0.7, want: 8000 },
    { name: 'no jitter, at the bound', of: exact, attempt: 99, random: 0, want: 15_000 },
  ])('$name', ({ of, attempt, random, want }) => expect(newBackoff(of)(attempt, random)).toBe(want))
})

describe('waitForNetwork', () => {
  const page = new EventTarget()
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const cases: { name: string; signal?: AbortSignal; act: () => unknown; ends: boolean }[] = [
    { name: 'ends with the time', act: () => vi.advanceTimersByTime(1000), ends: true },
    { name: 'goes on before that', act: () => vi.advanceTimersByTime(999), ends: false },
    { name: 'ends with the network', act: () => page.dispatchEvent(new Event('online')), ends: true },
    { name: 'ends at once when it was stopped before', signal: AbortSignal.abort(), act: () => {}, ends: true },
  ]
  test.each(cases)('$name', async ({ signal, act, ends }) => {
    let ended = false
    void waitForNetwork(1000, signal ?? new AbortController().signal).then(() => {
      ended = true
    })
    act()
    await Promise.resolve()
    await Promise.resolve()
    expect(ended).toBe(ends)
    expect(vi.getTimerCount()).toBe(ends ? 0 : 1)
  })

  test('ends with its signal', async () => {
    const gone = new AbortController()
    const wait = waitForNetwork(1000, gone.signal)
    gone.abort()
    await wait
    expect(vi.getTimerCount()).toBe(0)
  })
})
