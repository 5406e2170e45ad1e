// Types that the recorder, its worker and the recovery share.

/**
 * The API's names. The track named screen is the main one and carries the sound, whatever
 * it shows.
 */
export type TrackName = 'screen' | 'camera'

export const trackNames: readonly TrackName[] = ['screen', 'camera']

export type TrackTotal = { chunks: number; bytes: number }
export type Totals = Partial<Record<TrackName, TrackTotal>>

/** A stretch of wall time without recording. toMs is null while it lasts. */
export type Pause = { fromMs: number; toMs: number | null }

/** The content of a heartbeat. */
export type Heartbeat = { state: 'recording' | 'paused'; pauses: Pause[]; cameraOffsetMs: number | null }

/** The video of a take. */
export type Link = { videoId: string; watchUrl: string; uploadUrl: string; token: string }

/**
 * Whether a take was discarded. here: the server does not know yet. there: it does. undone: its
 * author took that back, and the server does not know yet.
 */
export type Discarded = 'no' | 'here' | 'there' | 'undone'

/**
 * Where a discarded take is. leaving: the server has something of it, and does not know yet.
 * refused: it has, and keeps it.
 */
export type Where = 'device' | 'leaving' | 'trash' | 'refused'

/** All data of a take but its bytes: enough to finish it in another tab on another day. */
export type TakeMeta = {
  id: string
  userId: string
  title: string
  startedAtMs: number
  /** What the recorders really write: the Content-Type of each track's chunks. */
  types: Partial<Record<TrackName, string>>
  heartbeat: Heartbeat
  link: Link | null
  /** How often its video was started again, each time with a new key. */
  makes: number
  /** Set once the author has stopped the recording. */
  totals: Totals | null
  sealed: boolean
  discarded: Discarded
}

export type ChunkHead = {
  track: TrackName
  n: number
  sizeBytes: number
  /** Its approximate share of the recording. */
  spanMs: number
  sha256: Uint8Array
}
