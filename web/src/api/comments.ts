// Comments on a link. Positions are in milliseconds of the video.
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
  mine: boolean // by the signed-in reader; a guest's own are known by their edit tokens
  canDelete: boolean
  held: boolean // waits for approval: visible only to its author and to those who may approve it
  createdAt: string
  editedAt: string | undefined
  seq: number
}

/** A comment in its current state, or the news that it was deleted. */
export type Change = { at: 'live'; comment: Comment; seq: number } | { at: 'deleted'; id: string; seq: number }

export interface Page {
  changes: Change[]
  nextCursor: string | undefined
  seq: number
  count: number
}

export const PAGE_LIMIT = 100

/**
 * The maximum number of changes in one response to `since`: a full response means that there may be
 * more.
 */
export const SINCE_LIMIT = 200

export async function fetchPage(token: string, cursor: string, signal: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ limit: String(PAGE_LIMIT), cursor })
  return parsePage(await call(`${linkPath(token)}/comments?${query}`, { signal }))
}

export async function fetchSince(token: string, seq: number, signal: AbortSignal): Promise<Page> {
  return parsePage(await call(`${linkPath(token)}/comments?since=${seq}`, { signal }))
}

/** One comment. A held comment is visible to the guest who has its edit token. */
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
  name: string | undefined // from a guest
}

/** Posts a comment. The edit token comes only for guests, and only here. */
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

/** Shows a held comment to everybody. Only for people who may moderate the video. */
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
