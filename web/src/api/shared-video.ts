// The viewer's side of the API: what a link shows.
import {
  readFlag,
  readItemText,
  readList,
  readMaybeNumber,
  readNumber,
  readObject,
  readString,
  readText,
  type Schemas,
} from './parse'
import { call } from './request'

export type VideoState = 'recording' | 'uploading' | 'processing' | 'ready' | 'failed'

export interface Source {
  type: string
  url: string
  width: number
  height: number
}

export interface SharedVideo {
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
  videoId: string | undefined // for the owner only
  originalUrl: string | undefined // for the owner only, once the upload is complete
  canComment: boolean
  linkEndsAt: Date | undefined
  downloadUrl: string | undefined
  sources: Source[] // of the main track, largest first; empty while nothing plays
  hls: string | undefined // of the main track
  poster: string | undefined
  storyboard: string | undefined
  camera: Camera | undefined
}

/** The second track of a recording, and the place of its bubble. */
export interface Camera {
  sources: Source[]
  hls: string | undefined
  offsetMs: number // how long after the main track it begins
  bubbles: Bubble[] // by time; each valid until the next
}

/** One key frame of the bubble: its centre and its diameter, as fractions of the picture. */
export interface Bubble {
  atMs: number
  x: number
  y: number
  size: number // of the picture's shorter side
  visible: boolean
}

const states: readonly string[] = ['recording', 'uploading', 'processing', 'ready', 'failed'] satisfies VideoState[]

export function isVideoState(value: string): value is VideoState {
  return states.includes(value)
}

export function linkPath(token: string): string {
  return `/api/v1/shares/${encodeURIComponent(token)}`
}

export async function fetchSharedVideo(token: string, signal: AbortSignal): Promise<SharedVideo> {
  return parseSharedVideo(await call(linkPath(token), { signal }))
}

/** What everybody sees through the link, whoever is signed in here. */
export async function fetchSharedVideoAsGuest(token: string, signal: AbortSignal): Promise<SharedVideo> {
  return parseSharedVideo(await call(linkPath(token), { signal, credentials: 'omit' }))
}

/** Counts that somebody opened the link's page. */
export async function countOpen(token: string, signal: AbortSignal): Promise<void> {
  await call(`${linkPath(token)}/opened`, { method: 'POST', signal })
}

export function parseSharedVideo(json: unknown): SharedVideo {
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
    originalUrl: readText(wire, 'original_url'),
    canComment: readFlag(wire, 'can_comment'),
    linkEndsAt: dateOf(readText(wire, 'link_ends_at')),
    downloadUrl: readFlag(wire, 'can_download') ? readText(wire, 'download_url') : undefined,
    sources: main?.sources ?? [],
    hls: main?.hls,
    poster: readText(playback, 'poster'),
    storyboard: readText(playback, 'storyboard'),
    camera: readCamera(playback, tracks),
  }
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

function readCamera(
  playback: ReturnType<typeof readObject<Schemas['Playback']>>,
  tracks: ReturnType<typeof parseTrack>[],
): Camera | undefined {
  const track = tracks.find(({ name }) => name === 'camera')
  if (!track || playback.layout === undefined) return undefined
  const layout = readObject<Schemas['Layout']>(playback.layout, 'layout')
  return {
    sources: track.sources,
    hls: track.hls,
    offsetMs: track.offsetMs,
    bubbles: readList(layout, 'bubbles', parseBubble),
  }
}

function parseBubble(item: unknown): Bubble {
  const wire = readObject<Schemas['Bubble']>(item, 'bubble')
  return {
    atMs: readNumber(wire, 'at_ms'),
    x: readNumber(wire, 'x'),
    y: readNumber(wire, 'y'),
    size: readNumber(wire, 'size'),
    visible: readFlag(wire, 'visible'),
  }
}

interface Track {
  name: string
  main: boolean
  offsetMs: number
  sources: Source[]
  hls: string | undefined
}

function parseTrack(item: unknown): Track {
  const wire = readObject<Schemas['Track']>(item, 'track')
  // Without media source extensions (iPhones), the system plays HLS and may not play Opus. The
  // files have only Opus so far.
  const aac = 'MediaSource' in globalThis ? undefined : readText(wire, 'hls_aac')
  return {
    name: readText(wire, 'name') ?? '',
    offsetMs: readMaybeNumber(wire, 'offset_ms') ?? 0,
    main: readFlag(wire, 'main'),
    sources: aac === undefined ? readList(wire, 'sources', parseSource) : [],
    hls: aac ?? readText(wire, 'hls'),
  }
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
