// Whether the link carries the file that plays: a pure decision over its stalls. The rule: two
// stalls within 30 s, or one of more than 2 s in which less came in than would have been played.

const BETWEEN_STALLS_MS = 30_000
const LONG_STALL_MS = 2_000

export interface Link {
  readonly stallsMs: readonly number[] // when the counted ones of the last 30 s began
  readonly open: { fromMs: number; bufferedMs: number } | undefined // the stall that lasts
}

export type LinkEvent =
  /**
   * It stands still for want of bytes. counts is false at the start and after a jump: that one
   * waits then is no sign.
   */
  | { at: 'waiting'; nowMs: number; bufferedMs: number; counts: boolean }
  /** It goes on, or nobody wants it to. */
  | { at: 'over' }
  /**
   * A look at the stall that lasts: how far the media has come in by now, and how fast it is played
   * (1 is natural).
   */
  | { at: 'check'; nowMs: number; bufferedMs: number; speed: number }

/** prepare: it may have to be switched down soon. switch: now. */
export type Verdict = 'fine' | 'prepare' | 'switch'

export const newLink: Link = { stallsMs: [], open: undefined }

export function judge(link: Link, event: LinkEvent): { link: Link; verdict: Verdict } {
  switch (event.at) {
    case 'waiting': {
      const open = link.open ?? { fromMs: event.nowMs, bufferedMs: event.bufferedMs }
      if (!event.counts || link.open) return { link: { ...link, open }, verdict: 'fine' }
      const stallsMs = [...link.stallsMs.filter((atMs) => event.nowMs - atMs < BETWEEN_STALLS_MS), event.nowMs]
      return { link: { stallsMs, open }, verdict: stallsMs.length > 1 ? 'switch' : 'prepare' }
    }
    case 'over':
      return { link: { ...link, open: undefined }, verdict: 'fine' }
    case 'check':
      return { link, verdict: tooSlow(link, event) ? 'switch' : 'fine' }
    default:
      return never(event)
  }
}

function tooSlow(
  { open }: Link,
  { nowMs, bufferedMs, speed }: { nowMs: number; bufferedMs: number; speed: number },
): boolean {
  if (!open) return false
  const lastedMs = nowMs - open.fromMs
  return lastedMs > LONG_STALL_MS && bufferedMs - open.bufferedMs < lastedMs * speed
}

function never(value: never): never {
  throw new Error(`unknown event ${JSON.stringify(value)}`)
}
