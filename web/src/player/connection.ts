// Whether the connection is fast enough for the playing file: a pure decision from its stalls. The
// rule: two stalls within 30 s, or one of more than 2 s in which less media came than would have
// played.

const BETWEEN_STALLS_MS = 30_000
const LONG_STALL_MS = 2_000

export interface Connection {
  readonly stallsMs: readonly number[] // start times of the counted ones of the last 30 s
  readonly open: { fromMs: number; bufferedMs: number } | undefined // the current stall
}

export type ConnectionEvent =
  /**
   * Playback stalls because bytes are missing. counts is false at the start and after a seek, where
   * a wait proves nothing.
   */
  | { at: 'waiting'; nowMs: number; bufferedMs: number; counts: boolean }
  /** It plays again, or it was paused. */
  | { at: 'over' }
  /**
   * A look at the current stall: how much media is buffered now, and the playback speed (1 is
   * normal).
   */
  | { at: 'check'; nowMs: number; bufferedMs: number; speed: number }

/** prepare: a switch to a lower size may come soon. switch: now. */
export type Verdict = 'fine' | 'prepare' | 'switch'

export const newConnection: Connection = { stallsMs: [], open: undefined }

export function judge(connection: Connection, event: ConnectionEvent): { connection: Connection; verdict: Verdict } {
  switch (event.at) {
    case 'waiting': {
      const open = connection.open ?? { fromMs: event.nowMs, bufferedMs: event.bufferedMs }
      if (!event.counts || connection.open) return { connection: { ...connection, open }, verdict: 'fine' }
      const stallsMs = [...connection.stallsMs.filter((atMs) => event.nowMs - atMs < BETWEEN_STALLS_MS), event.nowMs]
      return { connection: { stallsMs, open }, verdict: stallsMs.length > 1 ? 'switch' : 'prepare' }
    }
    case 'over':
      return { connection: { ...connection, open: undefined }, verdict: 'fine' }
    case 'check':
      return { connection, verdict: tooSlow(connection, event) ? 'switch' : 'fine' }
    default:
      return never(event)
  }
}

function tooSlow(
  { open }: Connection,
  { nowMs, bufferedMs, speed }: { nowMs: number; bufferedMs: number; speed: number },
): boolean {
  if (!open) return false
  const lastedMs = nowMs - open.fromMs
  return lastedMs > LONG_STALL_MS && bufferedMs - open.bufferedMs < lastedMs * speed
}

function never(value: never): never {
  throw new Error(`unknown event ${JSON.stringify(value)}`)
}
