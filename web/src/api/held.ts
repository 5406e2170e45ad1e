// Comments that wait for approval.
import { readFlag, readList, readNumber, readObject, readString, readText, type Schemas } from './parse'
import { call } from './request'

export type HeldComment = {
  id: string
  videoTitle: string
  watchUrl: string | undefined
  atMs: number
  body: string
  name: string
  guest: boolean
  createdAt: string
}

const base = '/api/v1/comments'

export async function fetchHeld(signal: AbortSignal): Promise<HeldComment[]> {
  return readList(readObject<Schemas['Held']>(await call(`${base}/held`, { signal }), 'comments'), 'items', heldFrom)
}

/** Stops a guest from commenting, and deletes their comments. */
export async function blockGuest(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/${encodeURIComponent(id)}/block`, { method: 'POST', signal })
}

/** At most 200 in one call. */
export async function deleteComments(ids: readonly string[], signal: AbortSignal): Promise<void> {
  await call(`${base}/delete`, { method: 'POST', body: { ids }, signal })
}

function heldFrom(item: unknown): HeldComment {
  const wire = readObject<Schemas['HeldComment']>(item, 'comment')
  return {
    id: readString(wire, 'id'),
    videoTitle: readString(wire, 'video_title'),
    watchUrl: readText(wire, 'watch_url'),
    atMs: readNumber(wire, 'at_ms'),
    body: readString(wire, 'body'),
    name: readString(wire, 'name'),
    guest: readFlag(wire, 'guest'),
    createdAt: readString(wire, 'created_at'),
  }
}
