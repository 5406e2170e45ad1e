// The recorder's side of the API: making a recording, and how far it has come on the server.
import { readFlag, readMaybeNumber, readObject, readString, readText } from './parse'

export type Begun = { videoId: string; watchUrl: string; uploadUrl: string; token: string }

export function parseBegun(json: unknown): Begun {
  const video = readObject(json, 'recording')
  const upload = readObject(video.upload, 'upload')
  return {
    videoId: readString(video, 'id'),
    watchUrl: readString(video, 'watch_url'),
    uploadUrl: pathOf(readString(upload, 'url')),
    token: readString(upload, 'token'),
  }
}

/** Where a track stands: the first number that is not there, and the bytes before it. */
export type TrackState = { next: number; bytes: number }
export type UploadState = { tracks: Record<string, TrackState>; sealed: boolean }

export function parseUploadState(json: unknown): UploadState {
  const state = readObject(json, 'upload')
  const tracks: Record<string, TrackState> = {}
  for (const [name, value] of Object.entries(readObject(state.tracks ?? {}, 'tracks'))) {
    const track = readObject(value, 'track')
    tracks[name] = { next: readMaybeNumber(track, 'next') ?? 0, bytes: readMaybeNumber(track, 'bytes') ?? 0 }
  }
  return { tracks, sealed: readFlag(state, 'sealed') }
}

/**
 * parseToken finds the fresh token in the answer to a heartbeat, or to the question for a new one.
 */
export function parseToken(json: unknown): string | undefined {
  const answer = readObject(json ?? {}, 'token')
  return readText(answer, 'token') ?? readText(readObject(answer.upload ?? {}, 'upload'), 'token')
}

/** parseVideoState is a video's state alone. */
export function parseVideoState(json: unknown): string {
  return readString(readObject(json, 'video'), 'state')
}

/** The address may be whole or a path; requests stay on this origin. */
function pathOf(address: string): string {
  return new URL(address, 'http://here').pathname
}
