// One's own account: profile, sessions, and API keys.
import { readFlag, readItemText, readList, readObject, readString, readText, type Schemas, WireError } from './parse'
import { call } from './request'

export const roles = ['owner', 'admin', 'member'] as const
export type Role = (typeof roles)[number]

export const scopes = ['read', 'write', 'upload', 'comment', 'admin'] as const
export type Scope = (typeof scopes)[number]

export type WorkspaceRole = { id: string; name: string; role: Role }

export type Me = {
  id: string
  name: string
  email: string
  /** In the present workspace; undefined without a workspace. */
  role: Role | undefined
  timeZone: string
  language: string
  pictureUrl: string | undefined
  workspace: { id: string; name: string } | undefined
  workspaces: WorkspaceRole[]
  hasPassword: boolean
  /** May see the site's statistics. */
  seesSite: boolean
  /** When the account is deleted; undefined if it stays. */
  deleteAt: string | undefined
}

export type Profile = { name: string; timeZone: string; language: string }

export type OwnSession = { id: string; device: string; createdAt: string; lastUsedAt: string; current: boolean }

export type Key = {
  id: string
  name: string
  scopes: string[]
  createdAt: string
  /** undefined: never. */
  expiresAt: string | undefined
  lastUsedAt: string | undefined
}

/** A new key. The server shows its secret only this once. */
export type MadeKey = { name: string; secret: string }

const base = '/api/v1/me'

export function readRole(value: string): Role {
  const role = roles.find((r) => r === value)
  if (!role) throw new WireError('role', 'a role')
  return role
}

export async function fetchMe(signal: AbortSignal): Promise<Me> {
  return meFrom(await call(base, { signal }))
}

export async function changeProfile(to: Profile, signal: AbortSignal): Promise<Me> {
  const body = { name: to.name, time_zone: to.timeZone, language: to.language }
  return meFrom(await call(base, { method: 'PATCH', body, signal }))
}

export async function setPicture(file: Blob, signal: AbortSignal): Promise<void> {
  await call(`${base}/picture`, { method: 'PUT', file, signal, timeoutMs: 120_000 })
}

export async function deletePicture(signal: AbortSignal): Promise<void> {
  await call(`${base}/picture`, { method: 'DELETE', signal })
}

/** Ends every session. This browser goes on with the new one in the response. */
export async function changePassword(current: string, password: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/password`, { method: 'PUT', body: current ? { current, password } : { password }, signal })
}

export const exportPath = `${base}/export`

/**
 * Asks to delete the account in some days and returns when. Confirmed by the password, or by the
 * mail address if the account has no password.
 */
export async function deleteAccount(
  by: { password: string } | { confirm: string },
  signal: AbortSignal,
): Promise<string> {
  return readString(
    readObject<Schemas['Leaving']>(await call(base, { method: 'DELETE', body: by, signal }), 'leaving'),
    'delete_at',
  )
}

/** Keeps an account that was scheduled for deletion. */
export async function keepAccount(signal: AbortSignal): Promise<void> {
  await call(`${base}/restore`, { method: 'POST', signal })
}

export async function fetchSessions(signal: AbortSignal): Promise<OwnSession[]> {
  return readList(
    readObject<Schemas['SessionsOutputBody']>(await call(`${base}/sessions`, { signal }), 'sessions'),
    'items',
    sessionFrom,
  )
}

export async function endSession(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/sessions/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
}

export async function endOtherSessions(signal: AbortSignal): Promise<void> {
  await call(`${base}/sessions`, { method: 'DELETE', signal })
}

export async function fetchKeys(signal: AbortSignal): Promise<Key[]> {
  return readList(
    readObject<Schemas['KeysOutputBody']>(await call(`${base}/keys`, { signal }), 'keys'),
    'items',
    keyFrom,
  )
}

export async function makeKey(
  name: string,
  scopes: readonly Scope[],
  expiresAt: Date | undefined,
  signal: AbortSignal,
): Promise<MadeKey> {
  const body = { name, scopes, ...(expiresAt ? { expires_at: expiresAt.toISOString() } : {}) }
  const made = readObject<Schemas['MadeKey']>(await call(`${base}/keys`, { method: 'POST', body, signal }), 'key')
  return { name: readString(made, 'name'), secret: readString(made, 'secret') }
}

export async function deleteKey(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/keys/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
}

export async function switchWorkspace(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/workspace`, { method: 'POST', body: { id }, signal })
}

function meFrom(value: unknown): Me {
  const me = readObject<Schemas['Me']>(value, 'account')
  const role = readText(me, 'role')
  const at =
    me.workspace === undefined || me.workspace === null
      ? undefined
      : readObject<Schemas['WorkspaceName']>(me.workspace, 'workspace')
  return {
    id: readString(me, 'id'),
    name: readString(me, 'name'),
    email: readString(me, 'email'),
    role: role === undefined ? undefined : readRole(role),
    timeZone: readString(me, 'time_zone'),
    language: readString(me, 'language'),
    pictureUrl: readText(me, 'picture_url'),
    workspace: at && { id: readString(at, 'id'), name: readString(at, 'name') },
    workspaces: readList(me, 'workspaces', workspaceFrom),
    hasPassword: readFlag(me, 'has_password'),
    seesSite: readFlag(me, 'sees_site'),
    deleteAt: readText(me, 'delete_at'),
  }
}

function workspaceFrom(item: unknown): WorkspaceRole {
  const wire = readObject<Schemas['WorkspaceRole']>(item, 'workspace')
  return { id: readString(wire, 'id'), name: readString(wire, 'name'), role: readRole(readString(wire, 'role')) }
}

function sessionFrom(item: unknown): OwnSession {
  const wire = readObject<Schemas['OwnSession']>(item, 'session')
  return {
    id: readString(wire, 'id'),
    device: readString(wire, 'device'),
    createdAt: readString(wire, 'created_at'),
    lastUsedAt: readString(wire, 'last_used_at'),
    current: readFlag(wire, 'current'),
  }
}

function keyFrom(item: unknown): Key {
  const wire = readObject<Schemas['Key']>(item, 'key')
  return {
    id: readString(wire, 'id'),
    name: readString(wire, 'name'),
    scopes: readList(wire, 'scopes', readItemText),
    createdAt: readString(wire, 'created_at'),
    expiresAt: readText(wire, 'expires_at'),
    lastUsedAt: readText(wire, 'last_used_at'),
  }
}
