// Reads the browser's data of a take. An older version of the page may have written it.
import {
  type Discarded,
  type Heartbeat,
  type Link,
  type Pause,
  type TakeMeta,
  type Totals,
  type TrackName,
  trackNames,
} from './track'

const allDiscarded: readonly Discarded[] = ['no', 'here', 'there', 'undone']

/** newTakeMeta is a take without any chunks. */
export function newTakeMeta(
  id: string,
  userId: string,
  title: string,
  types: TakeMeta['types'],
  startedAtMs: number,
): TakeMeta {
  const heartbeat: Heartbeat = { state: 'recording', pauses: [], cameraOffsetMs: null }
  const upload = { link: null, makes: 0, totals: null, sealed: false, discarded: 'no' } as const
  return { id, userId, title, startedAtMs, types, heartbeat, ...upload }
}

/** parseTakeMeta returns undefined for anything that is not a take's metadata. */
export function parseTakeMeta(value: unknown): TakeMeta | undefined {
  if (!isObject(value)) return undefined
  const { id, userId, title, startedAtMs, types, link, makes, sealed, discarded } = value
  // earlier versions wrote beat and tallies
  const [heartbeat, totals] = [value.heartbeat ?? value.beat, value.totals ?? value.tallies]
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
    heartbeat: parseHeartbeat(heartbeat),
    link: parseLink(link),
    makes: typeof makes === 'number' ? makes : 0,
    totals: isObject(totals) ? (perTrack(totals, isTrackTotal) as Totals) : null,
    sealed: sealed === true,
    discarded: allDiscarded.find((d) => d === discarded) ?? 'no',
  }
}

function parseHeartbeat(value: unknown): Heartbeat {
  const heartbeat = isObject(value) ? value : {}
  return {
    state: heartbeat.state === 'paused' ? 'paused' : 'recording',
    pauses: Array.isArray(heartbeat.pauses) ? heartbeat.pauses.filter(isPause) : [],
    cameraOffsetMs: typeof heartbeat.cameraOffsetMs === 'number' ? heartbeat.cameraOffsetMs : null,
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

function isTrackTotal(value: unknown): value is { chunks: number; bytes: number } {
  return isObject(value) && typeof value.chunks === 'number' && typeof value.bytes === 'number'
}

function isPause(value: unknown): value is Pause {
  return isObject(value) && typeof value.fromMs === 'number' && (value.toMs === null || typeof value.toMs === 'number')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
