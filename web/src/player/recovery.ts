// Going on after a source failed: ask for the share again, set the new address, same position, same playing state.
import type { Source } from '../api/shares'
import { sameUrls } from './sources'

/** How often the very same addresses are tried before the player says that it cannot. */
const SAME_ADDRESS_TRIES = 2
const RETRY_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000] as const

/** What the next step is after a failed source. */
export type Step = { at: 'load'; sources: Source[] } | { at: 'wait'; ms: number } | { at: 'give-up' } | { at: 'gone' }

/** What came of asking for the share again. */
export type Fresh = { at: 'sources'; sources: Source[] } | { at: 'offline' } | { at: 'gone' }

export interface Attempts {
  failed: readonly Source[] // what was being played
  sameTries: number
  offlineTries: number
}

/** Decides, and says how to count. A new address is always worth a try; the same one only twice; no answer is waited for without end. */
export function nextStep(attempts: Attempts, fresh: Fresh): { step: Step; attempts: Attempts } {
  switch (fresh.at) {
    case 'gone':
      return { step: { at: 'gone' }, attempts }
    case 'offline': {
      const ms = RETRY_MS[Math.min(attempts.offlineTries + 1, RETRY_MS.length - 1)] ?? 15_000
      return { step: { at: 'wait', ms }, attempts: { ...attempts, offlineTries: attempts.offlineTries + 1 } }
    }
    case 'sources': {
      if (fresh.sources.length === 0) return { step: { at: 'give-up' }, attempts }
      if (!sameUrls(attempts.failed, fresh.sources)) {
        return { step: { at: 'load', sources: fresh.sources }, attempts: { failed: fresh.sources, sameTries: 0, offlineTries: 0 } }
      }
      if (attempts.sameTries >= SAME_ADDRESS_TRIES) return { step: { at: 'give-up' }, attempts }
      return { step: { at: 'load', sources: fresh.sources }, attempts: { ...attempts, sameTries: attempts.sameTries + 1, offlineTries: 0 } }
    }
    default:
      return never(fresh)
  }
}

function never(value: never): never {
  throw new Error(`unknown answer ${JSON.stringify(value)}`)
}
