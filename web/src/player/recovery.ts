// Going on after a source failed: ask for the share again, set the new address, same position, same
// playing state.
import { newBackoff, waitForNetwork } from '../api/retry'
import type { Media } from './renditions'
import { sameUrls } from './sources'

/**
 * How often the very same addresses are tried for one place of the video before the player says
 * that it cannot.
 */
const SAME_ADDRESS_TRIES = 2
const SAME_PLACE_MS = 500

/** How long a player waits before it asks for the video again. */
const backoffMs = newBackoff({ firstMs: 1_000, longestMs: 15_000, jitter: [1, 1] })

/** What the next step is after a failed source. */
export type Step = { at: 'load'; media: Media } | { at: 'wait'; ms: number } | { at: 'give-up' } | { at: 'gone' }

/** What came of asking for the share again. */
export type Fresh = { at: 'media'; media: Media } | { at: 'offline' } | { at: 'gone' }

export interface Attempts {
  failed: Media // what was being played
  sameTries: number
  offlineTries: number
  atMs?: number // where it failed
}

export function newAttempts(failed: Media): Attempts {
  return { failed, sameTries: 0, offlineTries: 0 }
}

/**
 * The attempts that count for a failure at atMs. Behind the same addresses there may be others that
 * end (docs/adr/0019): that it failed in one place says nothing of the next one that somebody jumps
 * to.
 */
export function attemptsAt(attempts: Attempts, atMs: number): Attempts {
  const same = Math.abs(atMs - (attempts.atMs ?? Number.NaN)) < SAME_PLACE_MS
  return same ? attempts : { ...attempts, sameTries: 0, atMs }
}

/**
 * Decides, and says how to count. A new address is always worth a try; the same one only twice; no
 * answer is waited for without end.
 */
export function nextStep(attempts: Attempts, fresh: Fresh): { step: Step; attempts: Attempts } {
  switch (fresh.at) {
    case 'gone':
      return { step: { at: 'gone' }, attempts }
    case 'offline': {
      const offlineTries = attempts.offlineTries + 1
      return { step: { at: 'wait', ms: backoffMs(offlineTries, 0) }, attempts: { ...attempts, offlineTries } }
    }
    case 'media': {
      const { media } = fresh
      if (media.sources.length === 0 && media.hls === undefined) return { step: { at: 'give-up' }, attempts }
      if (!sameUrls(attempts.failed, media)) return { step: { at: 'load', media }, attempts: newAttempts(media) }
      if (attempts.sameTries >= SAME_ADDRESS_TRIES) return { step: { at: 'give-up' }, attempts }
      return {
        step: { at: 'load', media },
        attempts: { ...attempts, sameTries: attempts.sameTries + 1, offlineTries: 0 },
      }
    }
    default:
      return never(fresh)
  }
}

/** Asks until there is something to do; onWait hears of each wait. Rejects when signal ends it. */
export async function recover(
  before: Attempts,
  refresh: (signal: AbortSignal) => Promise<Fresh>,
  onWait: () => void,
  signal: AbortSignal,
): Promise<{ step: Exclude<Step, { at: 'wait' }>; attempts: Attempts }> {
  for (let attempts = before; ; ) {
    const next = nextStep(attempts, await refresh(signal))
    if (next.step.at !== 'wait') return { step: next.step, attempts: next.attempts }
    attempts = next.attempts
    onWait()
    await waitForNetwork(next.step.ms, signal)
    signal.throwIfAborted()
  }
}

function never(value: never): never {
  throw new Error(`unknown answer ${JSON.stringify(value)}`)
}
