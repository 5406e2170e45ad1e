// The library's side of the API: the user's own videos, with fields that only the owner sees.
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
  WireError,
} from './parse'
import { ApiError, call } from './request'
import { isVideoState, type VideoState } from './shared-video'

export type Video = {
  id: string
  title: string
  state: VideoState
  /** The reason, as a sentence, if state is failed. */
  failure: string | undefined
  warnings: string[]
  /** 0…1 of the current work. */
  progress: number
  /** It plays already, and a better version is being made. */
  improving: boolean
  /** 0 while unknown. */
  durationMs: number
  createdAt: string
  deletedAt: string | undefined
  /** When a video in the trash is deleted for good. */
  purgeAt: string | undefined
  watchUrl: string
  posterUrl: string | undefined
  originalUrl: string | undefined
  commentCount: number
  uploadedBytes: number
  /** At least one byte of it is on the server. */
  arrived: boolean
  lengthBytes: number | undefined
}

export type Page = { videos: Video[]; nextCursor: string | undefined }

export type Query = { search: string; trash: boolean; cursor: string | undefined; limit: number }

const base = '/api/v1/videos'

/** listVideos returns one page, newest first. */
export async function listVideos(q: Query, signal: AbortSignal): Promise<Page> {
  const params = new URLSearchParams({ limit: String(q.limit) })
  if (q.search) params.set('q', q.search)
  if (q.trash) params.set('trash', 'true')
  if (q.cursor) params.set('cursor', q.cursor)
  return pageFrom(await call(`${base}?${params}`, { signal }))
}

/** A moving preview of a few seconds; 404 if there is none. */
export function previewPath(id: string): string {
  return `${base}/${encodeURIComponent(id)}/preview`
}

export async function getVideo(id: string, signal: AbortSignal): Promise<Video> {
  return videoFrom(await call(`${base}/${encodeURIComponent(id)}`, { signal }))
}

/** isSignedIn asks the server. Throws ApiError if it cannot ask. */
export async function isSignedIn(signal: AbortSignal): Promise<boolean> {
  try {
    await call('/api/v1/session', { signal })
    return true
  } catch (error) {
    if (isSignedOut(error)) return false
    throw error
  }
}

/** isSignedOut tells the end of a session from every other error. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.problem.at === 'refused' && error.problem.status === 401
}

export function pageFrom(value: unknown): Page {
  const page = readObject<Schemas['Videos']>(value, 'list of videos')
  if (!Array.isArray(page.items)) throw new WireError('items', 'a list')
  return { videos: readList(page, 'items', videoFrom), nextCursor: readText(page, 'next_cursor') }
}

export function videoFrom(value: unknown): Video {
  const v = readObject<Schemas['Video']>(value, 'video')
  const state = readString(v, 'state')
  if (!isVideoState(state)) throw new WireError('state', 'a state of a video')
  return {
    id: readString(v, 'id'),
    title: readString(v, 'title'),
    state,
    failure: readText(v, 'failure'),
    warnings: readList(v, 'warnings', readItemText),
    progress: Math.min(1, Math.max(0, readNumber(v, 'progress'))),
    improving: readFlag(v, 'improving'),
    durationMs: readMaybeNumber(v, 'duration_ms') ?? 0,
    createdAt: readString(v, 'created_at'),
    deletedAt: readText(v, 'deleted_at'),
    purgeAt: readText(v, 'purge_at'),
    watchUrl: readString(v, 'watch_url'),
    posterUrl: readText(v, 'poster_url'),
    originalUrl: readText(v, 'original_url'),
    commentCount: readMaybeNumber(v, 'comment_count') ?? 0,
    arrived: readFlag(v, 'arrived'),
    uploadedBytes: readMaybeNumber(v, 'uploaded_bytes') ?? 0,
    lengthBytes: readMaybeNumber(v, 'length_bytes'),
  }
}
