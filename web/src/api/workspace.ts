// A workspace: its settings, its people, its invites, and the log of permission changes.
import { type Role, readRole, type WorkspaceRole } from './account'
import { readFlag, readItemText, readList, readNumber, readObject, readString, readText, type Schemas } from './parse'
import { call } from './request'

export type Member = {
  id: string
  name: string
  email: string
  role: Role
  joinedAt: string
  pictureUrl: string | undefined
  you: boolean
  /** They came while sign-up was open to everybody, and nobody has looked at that yet. */
  openSignUp: boolean
}

export type Invite = {
  id: string
  /** The only person who may use it; undefined: anyone who has the link. */
  email: string | undefined
  role: Role
  /** Empty if somebody asked to join. */
  createdBy: string
  createdAt: string
  expiresAt: string
  /** False while a request to join waits for a link. */
  hasLink: boolean
}

/** A new invite. The server shows its link only this once. */
export type MadeInvite = { id: string; email: string | undefined; url: string; mailed: boolean; expiresAt: string }

export type Settings = {
  name: string
  signUp: string
  domains: string[]
  embedHosts: string[]
  /** 0: forever. */
  keepDays: number
  defaultAudience: string
  defaultComments: string
  defaultDownload: boolean
}

export type LogLine = {
  id: string
  at: string
  actor: string
  action: string
  subject: string
  detail: string
  address: string | undefined
}

export type LogPage = { lines: LogLine[]; nextCursor: string | undefined }

const base = '/api/v1/workspace'

export async function makeWorkspace(name: string, signal: AbortSignal): Promise<WorkspaceRole> {
  const made = readObject<Schemas['WorkspaceRole']>(
    await call('/api/v1/workspaces', { method: 'POST', body: { name }, signal }),
    'workspace',
  )
  return { id: readString(made, 'id'), name: readString(made, 'name'), role: readRole(readString(made, 'role')) }
}

export async function fetchSettings(signal: AbortSignal): Promise<Settings> {
  return settingsFrom(await call(base, { signal }))
}

/** Changes the given fields only. */
export async function changeSettings(to: Partial<Settings>, signal: AbortSignal): Promise<Settings> {
  const body = {
    name: to.name,
    sign_up: to.signUp,
    domains: to.domains,
    embed_hosts: to.embedHosts,
    keep_days: to.keepDays,
    default_audience: to.defaultAudience,
    default_comments: to.defaultComments,
    default_download: to.defaultDownload,
  }
  return settingsFrom(await call(base, { method: 'PATCH', body, signal }))
}

export const exportPath = `${base}/export`

export async function fetchMembers(signal: AbortSignal): Promise<Member[]> {
  return readList(
    readObject<Schemas['MembersOutputBody']>(await call(`${base}/members`, { signal }), 'members'),
    'items',
    memberFrom,
  )
}

export async function changeRole(id: string, role: Role, signal: AbortSignal): Promise<void> {
  await call(`${base}/members/${encodeURIComponent(id)}`, { method: 'PATCH', body: { role }, signal })
}

/** Says that the members who came by open sign-up were seen. They stay. */
export async function seeOpenSignUps(signal: AbortSignal): Promise<void> {
  await call(`${base}/open-sign-ups/seen`, { method: 'POST', signal })
}

/** Removes a person from the workspace, or leaves it oneself. Their videos stay. */
export async function removeMember(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/members/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
}

/** Makes somebody else the owner instead of me. */
export async function handOver(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/owner`, { method: 'POST', body: { id }, signal })
}

/** A link that logs somebody in once. */
export async function makeLogInLink(id: string, signal: AbortSignal): Promise<{ url: string; expiresAt: string }> {
  const path = `${base}/members/${encodeURIComponent(id)}/log-in-link`
  const made = readObject<Schemas['LogInLink']>(await call(path, { method: 'POST', signal }), 'link')
  return { url: readString(made, 'url'), expiresAt: readString(made, 'expires_at') }
}

export async function fetchInvites(signal: AbortSignal): Promise<Invite[]> {
  return readList(
    readObject<Schemas['InvitesOutputBody']>(await call(`${base}/invites`, { signal }), 'invites'),
    'items',
    inviteFrom,
  )
}

export async function makeInvite(
  to: { email: string; role: Role; days: number },
  signal: AbortSignal,
): Promise<MadeInvite> {
  const body = { role: to.role, days: to.days, ...(to.email ? { email: to.email } : {}) }
  return madeInviteFrom(await call(`${base}/invites`, { method: 'POST', body, signal }))
}

export async function renewInvite(id: string, signal: AbortSignal): Promise<MadeInvite> {
  return madeInviteFrom(await call(`${base}/invites/${encodeURIComponent(id)}/link`, { method: 'POST', signal }))
}

export async function revokeInvite(id: string, signal: AbortSignal): Promise<void> {
  await call(`${base}/invites/${encodeURIComponent(id)}`, { method: 'DELETE', signal })
}

export const logCsvPath = `${base}/audit.csv`

export async function fetchLog(cursor: string | undefined, signal: AbortSignal): Promise<LogPage> {
  const query = cursor === undefined ? '' : `?${new URLSearchParams({ cursor })}`
  const page = readObject<Schemas['AuditLog']>(await call(`${base}/audit${query}`, { signal }), 'log')
  return { lines: readList(page, 'items', lineFrom), nextCursor: readText(page, 'next_cursor') }
}

function settingsFrom(value: unknown): Settings {
  const wire = readObject<Schemas['Workspace']>(value, 'workspace')
  return {
    name: readString(wire, 'name'),
    signUp: readString(wire, 'sign_up'),
    domains: readList(wire, 'domains', readItemText),
    embedHosts: readList(wire, 'embed_hosts', readItemText),
    keepDays: readNumber(wire, 'keep_days'),
    defaultAudience: readString(wire, 'default_audience'),
    defaultComments: readString(wire, 'default_comments'),
    defaultDownload: readFlag(wire, 'default_download'),
  }
}

function memberFrom(item: unknown): Member {
  const wire = readObject<Schemas['Member']>(item, 'member')
  return {
    id: readString(wire, 'id'),
    name: readString(wire, 'name'),
    email: readString(wire, 'email'),
    role: readRole(readString(wire, 'role')),
    joinedAt: readString(wire, 'joined_at'),
    pictureUrl: readText(wire, 'picture_url'),
    you: readFlag(wire, 'you'),
    openSignUp: readFlag(wire, 'open_sign_up'),
  }
}

function inviteFrom(item: unknown): Invite {
  const wire = readObject<Schemas['Invite']>(item, 'invite')
  return {
    id: readString(wire, 'id'),
    email: readText(wire, 'email'),
    role: readRole(readString(wire, 'role')),
    createdBy: readString(wire, 'created_by'),
    createdAt: readString(wire, 'created_at'),
    expiresAt: readString(wire, 'expires_at'),
    hasLink: readFlag(wire, 'has_link'),
  }
}

function madeInviteFrom(value: unknown): MadeInvite {
  const wire = readObject<Schemas['MadeInvite']>(value, 'invite')
  return {
    id: readString(wire, 'id'),
    email: readText(wire, 'email'),
    url: readString(wire, 'url'),
    mailed: readFlag(wire, 'mailed'),
    expiresAt: readString(wire, 'expires_at'),
  }
}

function lineFrom(item: unknown): LogLine {
  const wire = readObject<Schemas['Audit']>(item, 'line')
  return {
    id: readString(wire, 'id'),
    at: readString(wire, 'at'),
    actor: readString(wire, 'actor'),
    action: readString(wire, 'action'),
    subject: readString(wire, 'subject'),
    detail: readString(wire, 'detail'),
    address: readText(wire, 'address'),
  }
}
