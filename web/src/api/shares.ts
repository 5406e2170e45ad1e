// The viewer's side of the API: what a share link shows.
import { readFlag, readItemText, readList, readMaybeNumber, readNumber, readObject, readString, readText, type Schemas } from './parse'
import { call } from './request'

export type VideoState = 'recording' | 'uploading' | 'processing' | 'ready' | 'failed'

export interface Source {
  type: string
  url: string
  width: number
  height: number
}

export interface Share {
  title: string
  authorName: string
  state: VideoState
  failure: string | undefined
  warnings: string[]
  progress: number // 0…1
  improving: boolean
  durationMs: number // 0 while unknown
  width: number // 0 while unknown
  height: number
  createdAt: string
  owner: boolean
  videoId: string | undefined // the owner's view only
  canComment: boolean
  downloadUrl: string | undefined
  sources: Source[] // of the main track, the largest first; empty while nothing plays
  hls: string | undefined // of the main track
  poster: string | undefined
  storyboard: string | undefined
}

const states: readonly string[] = ['recording', 'uploading', 'processing', 'ready', 'failed'] satisfies VideoState[]

export function isVideoState(value: string): value is VideoState {
  return states.includes(value)
}

export function sharePath(token: string): string {
  return `/api/v1/shares/${encodeURIComponent(token)}`
}

export async function fetchShare(token: string, signal: AbortSignal): Promise<Share> {
  return parseShare(await call(sharePath(token), { signal }))
}

/** What anybody sees through the link, whoever is signed in here. */
export async function fetchShareAsGuest(token: string, signal: AbortSignal): Promise<Share> {
  return parseShare(await call(sharePath(token), { signal, credentials: 'omit' }))
}

export function parseShare(json: unknown): Share {
  const wire = readObject<Schemas['Share']>(json, 'share')
  const state = readString(wire, 'state')
  const playback = readObject<Schemas['Playback']>(wire.playback ?? {}, 'playback')
  const tracks = readList(playback, 'tracks', parseTrack)
  const main = tracks.find((track) => track.main) ?? tracks[0]
  return {
    title: readString(wire, 'title'),
    authorName: readString(readObject<Schemas['Author']>(wire.author, 'author'), 'name'),
    state: isVideoState(state) ? state : 'processing',
    failure: readText(wire, 'failure'),
    warnings: readList(wire, 'warnings', readItemText),
    progress: readMaybeNumber(wire, 'progress') ?? 0,
    improving: readFlag(wire, 'improving'),
    durationMs: readMaybeNumber(wire, 'duration_ms') ?? 0,
    width: readMaybeNumber(wire, 'width') ?? 0,
    height: readMaybeNumber(wire, 'height') ?? 0,
    createdAt: readString(wire, 'created_at'),
    owner: readFlag(wire, 'owner'),
    videoId: readText(wire, 'video_id'),
    canComment: readFlag(wire, 'can_comment'),
    downloadUrl: readFlag(wire, 'can_download') ? readText(wire, 'download_url') : undefined,
    sources: main?.sources ?? [],
    hls: main?.hls,
    poster: readText(playback, 'poster'),
    storyboard: readText(playback, 'storyboard'),
  }
}

function parseTrack(item: unknown): { main: boolean; sources: Source[]; hls: string | undefined } {
  const wire = readObject<Schemas['Track']>(item, 'track')
  return { main: readFlag(wire, 'main'), sources: readList(wire, 'sources', parseSource), hls: readText(wire, 'hls') }
}

function parseSource(item: unknown): Source {
  const wire = readObject<Schemas['Source']>(item, 'source')
  return {
    type: readString(wire, 'type'),
    url: readString(wire, 'url'),
    width: readNumber(wire, 'width'),
    height: readNumber(wire, 'height'),
  }
}
