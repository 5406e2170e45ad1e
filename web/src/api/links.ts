// The links of one video, as its owner sees and changes them.
import {
  readFlag,
  readItemText,
  readList,
  readNumber,
  readObject,
  readString,
  readText,
  type Schemas,
  WireError,
} from './parse'
import { call } from './request'

export type Audience = 'link' | 'password' | 'members' | 'named'
export type CommentRule = 'on' | 'off' | 'held'

export interface Link {
  id: string
  name: string // empty for the video's first link
  url: string
  audience: Audience
  people: string[] // mail addresses, for the audience named
  hasPassword: boolean
  comments: CommentRule
  download: boolean
  opens: number
  expiresAt: Date | undefined
  revokedAt: Date | undefined
}

/**
 * The settings of a link. A missing password or people list leaves it unchanged. An end of
 * undefined removes the end.
 */
export interface LinkRules {
  name: string
  audience: Audience
  password: string | undefined
  people: string[] | undefined
  comments: CommentRule
  download: boolean
  expiresAt: Date | undefined
}

/** The workspace's defaults for new links. */
export type LinkDefaults = Pick<LinkRules, 'audience' | 'comments' | 'download'>

/** An access link for one address, to pass on by yourself. */
export interface AccessLink {
  url: string
  expiresAt: Date
}

function linksPath(videoId: string, linkId?: string): string {
  const path = `/api/v1/videos/${encodeURIComponent(videoId)}/shares`
  return linkId === undefined ? path : `${path}/${encodeURIComponent(linkId)}`
}

export async function listLinks(videoId: string, signal: AbortSignal): Promise<Link[]> {
  const wire = readObject<Schemas['Links']>(await call(linksPath(videoId), { signal }), 'links')
  return readList(wire, 'items', parseLink)
}

export async function addLink(videoId: string, rules: LinkRules, signal: AbortSignal): Promise<Link> {
  return parseLink(await call(linksPath(videoId), { method: 'POST', body: bodyOf(rules), signal }))
}

export async function changeLink(
  videoId: string,
  linkId: string,
  rules: LinkRules,
  signal: AbortSignal,
): Promise<Link> {
  return parseLink(await call(linksPath(videoId, linkId), { method: 'PATCH', body: bodyOf(rules), signal }))
}

export async function fetchDefaults(signal: AbortSignal): Promise<LinkDefaults> {
  const wire = readObject<Schemas['Workspace']>(await call('/api/v1/workspace', { signal }), 'workspace')
  return {
    audience: oneOf(readString(wire, 'default_audience'), audiences, 'default_audience'),
    comments: oneOf(readString(wire, 'default_comments'), commentRules, 'default_comments'),
    download: readFlag(wire, 'default_download'),
  }
}

/** Revokes a link for good. */
export async function revokeLink(videoId: string, linkId: string, signal: AbortSignal): Promise<void> {
  await call(linksPath(videoId, linkId), { method: 'DELETE', signal })
}

export async function makeAccessLink(
  videoId: string,
  linkId: string,
  email: string,
  signal: AbortSignal,
): Promise<AccessLink> {
  const wire = readObject<Schemas['WayIn']>(
    await call(`${linksPath(videoId, linkId)}/ways-in`, { method: 'POST', body: { email }, signal }),
    'access link',
  )
  return { url: readString(wire, 'url'), expiresAt: new Date(readString(wire, 'expires_at')) }
}

function bodyOf(rules: LinkRules): Record<string, unknown> {
  const body: Record<string, unknown> = {
    name: rules.name,
    audience: rules.audience,
    comments: rules.comments,
    allow_download: rules.download,
    expires_at: rules.expiresAt?.toISOString() ?? null,
  }
  if (rules.password !== undefined) body.password = rules.password
  if (rules.people !== undefined) body.people = rules.people
  return body
}

export function parseLink(json: unknown): Link {
  const wire = readObject<Schemas['Link']>(json, 'link')
  return {
    id: readString(wire, 'id'),
    name: readText(wire, 'name') ?? '',
    url: readString(wire, 'url'),
    audience: oneOf(readString(wire, 'audience'), audiences, 'audience'),
    people: readList(wire, 'people', readItemText),
    hasPassword: readFlag(wire, 'has_password'),
    comments: oneOf(readString(wire, 'comments'), commentRules, 'comments'),
    download: readFlag(wire, 'allow_download'),
    opens: readNumber(wire, 'opens'),
    expiresAt: dateOf(readText(wire, 'expires_at')),
    revokedAt: dateOf(readText(wire, 'revoked_at')),
  }
}

const audiences = ['link', 'password', 'members', 'named'] as const satisfies Audience[]
const commentRules = ['on', 'off', 'held'] as const satisfies CommentRule[]

function oneOf<T extends string>(value: string, words: readonly T[], field: string): T {
  const found = words.find((word) => word === value)
  if (found === undefined) throw new WireError(field, words.join(', '))
  return found
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}
