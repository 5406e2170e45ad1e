// The recorder's side of the API: it makes a recording, and asks how much of it the server has.
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

/** The state of a track: the first missing chunk number, and the bytes before it. */
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

/** parseToken finds the new token in the response to a heartbeat or to a token request. */
export function parseToken(json: unknown): string | undefined {
  const answer = readObject(json ?? {}, 'token')
  return readText(answer, 'token') ?? readText(readObject(answer.upload ?? {}, 'upload'), 'token')
}

/** parseVideoState reads only the state of a video. */
export function parseVideoState(json: unknown): string {
  return readString(readObject(json, 'video'), 'state')
}

/** The address may be absolute or a path. Requests stay on this origin. */
function pathOf(address: string): string {
  return new URL(address, 'http://here').pathname
}
