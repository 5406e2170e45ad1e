// Notices that a recorder goes quiet, and whether its source does, too.
import type { TrackName } from './track'

/** Three chunks of two seconds did not come, and the next one would be due. */
const lateAfterMs = 8000

/** Its source gave nothing for this long since the last chunk. */
const dryAfterMs = 6000

/**
 * The longest step that counts. A hidden page looks once a second. In a longer step the machine was
 * busy or asleep, and nothing could come.
 */
const longestStepMs = 1500

/** So many frames had come to a recorder at that time, by performance.now(). */
export type Frames = { count: number; atMs: number }

/** late: chunks are missing. stopped: and what they are made of does not come any more. */
export type Quiet = { track: TrackName; is: 'late' | 'stopped' }

type Watched = { quietMs: number; dryMs: number; frames: Frames | null }

/** Watchdog hears of every chunk. A pause is not silence. */
export class Watchdog {
  private readonly all = new Map<TrackName, Watched>()
  private lookedAtMs = Number.POSITIVE_INFINITY

  /** feed: a chunk has come, or the track goes on. */
  feed(track: TrackName): void {
    this.all.set(track, { quietMs: 0, dryMs: 0, frames: null })
  }

  /** look lists what is quiet. framesOf returns null if nobody can count the frames of a track. */
  look(nowMs: number, framesOf: (track: TrackName) => Frames | null): Quiet[] {
    const stepMs = step(this.lookedAtMs, nowMs)
    this.lookedAtMs = nowMs
    return [...this.all].flatMap(([track, watched]): Quiet[] => {
      watched.quietMs += stepMs
      count(watched, framesOf(track))
      if (watched.quietMs <= lateAfterMs) return []
      return [{ track, is: watched.dryMs > dryAfterMs ? 'stopped' : 'late' }]
    })
  }

  /** forget stops watching a track, or all of them. */
  forget(track?: TrackName): void {
    if (track === undefined) this.all.clear()
    else this.all.delete(track)
  }
}

/** Only a count that is known to stand still says that nothing comes: an old one says nothing. */
function count(watched: Watched, now: Frames | null): void {
  const last = watched.frames
  watched.frames = now
  if (!now || !last || now.count !== last.count) watched.dryMs = 0
  else watched.dryMs += step(last.atMs, now.atMs)
}

function step(fromMs: number, toMs: number): number {
  return Math.min(longestStepMs, Math.max(0, toMs - fromMs))
}
