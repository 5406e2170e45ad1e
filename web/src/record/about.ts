// Reading back what this browser kept of a take: an older version of the page may have written it.
import { type About, type Beat, type Link, type Pause, type Tallies, type TrackName, trackNames } from './track'

/** newAbout is a take of which nothing is there yet. */
export function newAbout(id: string, userId: string, title: string, types: About['types'], startedAtMs: number): About {
  const beat: Beat = { state: 'recording', pauses: [], cameraOffsetMs: null }
  return { id, userId, title, startedAtMs, types, beat, link: null, makes: 0, tallies: null, sealed: false }
}

/** parseAbout answers undefined for what is no description of a take. */
export function parseAbout(value: unknown): About | undefined {
  if (!isObject(value)) return undefined
  const { id, userId, title, startedAtMs, types, beat, link, makes, tallies, sealed } = value
  if (
    typeof id !== 'string' ||
    typeof userId !== 'string' ||
    typeof title !== 'string' ||
    typeof startedAtMs !== 'number'
  )
    return undefined
  return {
    id,
    userId,
    title,
    startedAtMs,
    types: perTrack(types, (v): v is string => typeof v === 'string'),
    beat: parseBeat(beat),
    link: parseLink(link),
    makes: typeof makes === 'number' ? makes : 0,
    tallies: isObject(tallies) ? (perTrack(tallies, isTally) as Tallies) : null,
    sealed: sealed === true,
  }
}

function parseBeat(value: unknown): Beat {
  const beat = isObject(value) ? value : {}
  return {
    state: beat.state === 'paused' ? 'paused' : 'recording',
    pauses: Array.isArray(beat.pauses) ? beat.pauses.filter(isPause) : [],
    cameraOffsetMs: typeof beat.cameraOffsetMs === 'number' ? beat.cameraOffsetMs : null,
  }
}

function parseLink(value: unknown): Link | null {
  if (!isObject(value)) return null
  const { videoId, watchUrl, uploadUrl, token } = value
  if (
    typeof videoId !== 'string' ||
    typeof watchUrl !== 'string' ||
    typeof uploadUrl !== 'string' ||
    typeof token !== 'string'
  )
    return null
  return { videoId, watchUrl, uploadUrl, token }
}

function perTrack<T>(value: unknown, is: (v: unknown) => v is T): Partial<Record<TrackName, T>> {
  const found: Partial<Record<TrackName, T>> = {}
  if (!isObject(value)) return found
  for (const track of trackNames) {
    const v = value[track]
    if (is(v)) found[track] = v
  }
  return found
}

function isTally(value: unknown): value is { chunks: number; bytes: number } {
  return isObject(value) && typeof value.chunks === 'number' && typeof value.bytes === 'number'
}

function isPause(value: unknown): value is Pause {
  return isObject(value) && typeof value.fromMs === 'number' && (value.toMs === null || typeof value.toMs === 'number')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
