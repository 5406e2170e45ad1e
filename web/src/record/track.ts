// Words that the recorder, its worker and the recovery share.

/**
 * The names of contract.md. The track called screen is the main one and carries the sound, whatever
 * it shows.
 */
export type TrackName = 'screen' | 'camera'

export const trackNames: readonly TrackName[] = ['screen', 'camera']

export type TrackTotal = { chunks: number; bytes: number }
export type Totals = Partial<Record<TrackName, TrackTotal>>

/** A stretch of wall time in which nothing was recorded; toMs is null while it lasts. */
export type Pause = { fromMs: number; toMs: number | null }

/** What a heartbeat tells. */
export type Heartbeat = { state: 'recording' | 'paused'; pauses: Pause[]; cameraOffsetMs: number | null }

/** The video that a take goes into. */
export type Link = { videoId: string; watchUrl: string; uploadUrl: string; token: string }

/**
 * What is known of a take apart from its bytes: enough to finish it in another tab, another day.
 */
export type TakeMeta = {
  id: string
  userId: string
  title: string
  startedAtMs: number
  /** What the recorders really wrote: the Content-Type of each track's chunks. */
  types: Partial<Record<TrackName, string>>
  heartbeat: Heartbeat
  link: Link | null
  /** How often its video was begun anew: each time under a key of its own. */
  makes: number
  /** Known once the recording was stopped by its author. */
  totals: Totals | null
  sealed: boolean
}

export type ChunkHead = {
  track: TrackName
  n: number
  sizeBytes: number
  /** How much of the recording it holds, about. */
  spanMs: number
  sha256: Uint8Array
}
