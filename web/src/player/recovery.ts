// Recovery after a source failed: ask for the link's video again, set the new address, keep
// position and playing state.
import { newBackoff, waitForNetwork } from '../api/retry'
import { type Media, sameUrls } from './sources'

/** How often the same addresses are tried for one place of the video before the player gives up. */
const SAME_ADDRESS_TRIES = 2
const SAME_PLACE_MS = 500

/** How long a player waits before it asks for the video again. */
const backoffMs = newBackoff({ firstMs: 1_000, longestMs: 15_000, jitter: [1, 1] })

/** The next step after a failed source. */
export type Step = { at: 'load'; media: Media } | { at: 'wait'; ms: number } | { at: 'give-up' } | { at: 'gone' }

/** The result of asking for the link's video again. */
export type Fresh = { at: 'media'; media: Media } | { at: 'offline' } | { at: 'gone' }

export interface Attempts {
  failed: Media // what was playing
  sameTries: number
  offlineTries: number
  atMs?: number // where it failed
}

export function newAttempts(failed: Media): Attempts {
  return { failed, sameTries: 0, offlineTries: 0 }
}

/**
 * The attempts that count for a failure at atMs. The same addresses may redirect to others that
 * expire (docs/adr/0019), so a failure in one place proves nothing about the place of the next
 * seek.
 */
export function attemptsAt(attempts: Attempts, atMs: number): Attempts {
  const same = Math.abs(atMs - (attempts.atMs ?? Number.NaN)) < SAME_PLACE_MS
  return same ? attempts : { ...attempts, sameTries: 0, atMs }
}

/**
 * Decides the next step and counts the attempt. A new address is always tried, the same one only
 * twice. Without a response it waits without end.
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

/**
 * Asks until there is a step to do. onWait is called before each wait. Rejects when signal ends it.
 */
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
