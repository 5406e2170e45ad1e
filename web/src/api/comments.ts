// Comments under a share link. Positions are in milliseconds of the video.
import {
  readFlag,
  readList,
  readMaybeNumber,
  readNumber,
  readObject,
  readString,
  readText,
  type Schemas,
  type Wire,
} from './parse'
import { call } from './request'
import { linkPath } from './shared-video'

export interface Comment {
  id: string
  parentId: string | undefined
  atMs: number
  untilMs: number | undefined
  body: string
  name: string
  guest: boolean
  mine: boolean // written by the signed-in reader; a guest's own are known by their edit tokens
  canDelete: boolean
  held: boolean // it waits for approval: only who wrote it and who may approve it see it
  createdAt: string
  editedAt: string | undefined
  seq: number
}

/** A comment as it is now, or the news that it was deleted. */
export type Change = { at: 'live'; comment: Comment; seq: number } | { at: 'deleted'; id: string; seq: number }

export interface Page {
  changes: Change[]
  nextCursor: string | undefined
  seq: number
  count: number
}

export const PAGE_LIMIT = 100

/** As many changes as one answer to `since` can hold: a full one means that there may be more. */
export const SINCE_LIMIT = 200

export async function fetchPage(token: string, cursor: string, signal: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ limit: String(PAGE_LIMIT), cursor })
  return parsePage(await call(`${linkPath(token)}/comments?${query}`, { signal }))
}

export async function fetchSince(token: string, seq: number, signal: AbortSignal): Promise<Page> {
  return parsePage(await call(`${linkPath(token)}/comments?since=${seq}`, { signal }))
}

/** One comment; what waits for approval shows to the guest who holds its edit token. */
export async function fetchComment(
  token: string,
  id: string,
  editToken: string,
  signal: AbortSignal,
): Promise<Comment> {
  const path = `${linkPath(token)}/comments/${encodeURIComponent(id)}`
  return parseComment(
    readObject<Schemas['Comment']>(await call(path, { headers: editHeader(editToken), signal }), 'comment'),
  )
}

export interface NewComment {
  body: string
  atMs: number
  parentId: string | undefined
  name: string | undefined // of a guest
}

/** Says something. The edit token comes for guests only, and only here. */
export async function postComment(
  token: string,
  comment: NewComment,
  signal: AbortSignal,
): Promise<{ comment: Comment; editToken: string | undefined }> {
  const body: Record<string, unknown> = { at_ms: comment.atMs, body: comment.body }
  if (comment.parentId !== undefined) body.parent_id = comment.parentId
  if (comment.name !== undefined) body.name = comment.name
  const wire = readObject<Schemas['Comment']>(
    await call(`${linkPath(token)}/comments`, { method: 'POST', body, signal }),
    'comment',
  )
  return { comment: parseComment(wire), editToken: readText(wire, 'edit_token') }
}

export interface CommentEdit {
  body: string
  atMs?: number
}

export async function patchComment(
  token: string,
  id: string,
  edit: CommentEdit,
  editToken: string | undefined,
  signal: AbortSignal,
): Promise<Comment> {
  const body: Record<string, unknown> = { body: edit.body }
  if (edit.atMs !== undefined) body.at_ms = edit.atMs
  const path = `${linkPath(token)}/comments/${encodeURIComponent(id)}`
  return parseComment(
    readObject<Schemas['Comment']>(
      await call(path, { method: 'PATCH', body, headers: editHeader(editToken), signal }),
      'comment',
    ),
  )
}

export async function deleteComment(
  token: string,
  id: string,
  editToken: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  await call(`${linkPath(token)}/comments/${encodeURIComponent(id)}`, {
    method: 'DELETE',
    headers: editHeader(editToken),
    signal,
  })
}

/** Lets everybody see a comment that was held; for who may look after the video. */
export async function approveComment(id: string, signal: AbortSignal): Promise<void> {
  await call(`/api/v1/comments/${encodeURIComponent(id)}/approve`, { method: 'POST', signal })
}

function editHeader(editToken: string | undefined): Record<string, string> {
  return editToken === undefined ? {} : { 'Meanwhile-Edit-Token': editToken }
}

export function parsePage(json: unknown): Page {
  const wire = readObject<Schemas['Comments']>(json, 'comments')
  return {
    changes: readList(wire, 'items', parseChange),
    nextCursor: readText(wire, 'next_cursor'),
    seq: readNumber(wire, 'seq'),
    count: readNumber(wire, 'count'),
  }
}

function parseChange(item: unknown): Change {
  const wire = readObject<Schemas['Comment']>(item, 'comment')
  if (readFlag(wire, 'deleted')) return { at: 'deleted', id: readString(wire, 'id'), seq: readNumber(wire, 'seq') }
  const comment = parseComment(wire)
  return { at: 'live', comment, seq: comment.seq }
}

function parseComment(wire: Wire<Schemas['Comment']>): Comment {
  return {
    id: readString(wire, 'id'),
    parentId: readText(wire, 'parent_id'),
    atMs: readNumber(wire, 'at_ms'),
    untilMs: readMaybeNumber(wire, 'until_ms'),
    body: readString(wire, 'body'),
    name: readString(wire, 'name'),
    guest: readFlag(wire, 'guest'),
    mine: readFlag(wire, 'mine'),
    canDelete: readFlag(wire, 'can_delete'),
    held: readFlag(wire, 'held'),
    createdAt: readString(wire, 'created_at'),
    editedAt: readText(wire, 'edited_at'),
    seq: readNumber(wire, 'seq'),
  }
}
