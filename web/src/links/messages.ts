// What a link says of itself, and whether what somebody wants of it makes sense: words and rules
// without a page.
import type { Audience, CommentRule, Link, LinkRules } from '../api/links'
import { endWords } from '../ui/ends'

/** As long as the server asks for. */
export const MIN_PASSWORD = 6
export const MAX_PEOPLE = 100

/** nameOf is for a link without a name its place among all links of the video, oldest first. */
export function nameOf(link: Pick<Link, 'id' | 'name'>, all: readonly Pick<Link, 'id'>[]): string {
  if (link.name !== '') return link.name
  const at = all.findIndex(({ id }) => id === link.id)
  return at <= 0 ? 'First link' : `Link ${at + 1}`
}

/** audienceWords is whom a link lets in. */
export function audienceWords(link: Pick<Link, 'audience' | 'people'>): string {
  switch (link.audience) {
    case 'link':
      return 'Anyone with the link'
    case 'password':
      return 'Asks for a password'
    case 'members':
      return 'Members of this workspace'
    case 'named':
      return link.people.length === 1 ? '1 person' : `${link.people.length} people`
    default:
      return never(link.audience)
  }
}

/** ruleWords is what differs from the usual link, and how it stands. */
export function ruleWords(link: Link, now: Date, locale: string): string[] {
  const words: string[] = []
  if (link.comments === 'off') words.push('No comments')
  if (link.comments === 'held') words.push('Comments wait for you')
  if (link.download) words.push('Download allowed')
  const end = linkEndWords(link, now, locale)
  if (end !== '') words.push(end)
  words.push(opensWords(link.opens))
  return words
}

/** linkEndWords is empty for a link that goes on. */
export function linkEndWords(link: Pick<Link, 'expiresAt' | 'revokedAt'>, now: Date, locale: string): string {
  if (link.revokedAt) return `Revoked ${endWords(link.revokedAt, now, locale)}`
  if (!link.expiresAt) return ''
  const at = endWords(link.expiresAt, now, locale)
  return link.expiresAt > now ? `Until ${at}, your time` : `Ended ${at}, your time`
}

/** stands tells links that still let somebody in from the others. */
export function stands(link: Pick<Link, 'expiresAt' | 'revokedAt'>, now: Date): boolean {
  return !link.revokedAt && (!link.expiresAt || link.expiresAt > now)
}

function opensWords(opens: number): string {
  if (opens === 0) return 'Not opened yet'
  return opens === 1 ? 'Opened once' : `Opened ${opens} times`
}

/** peopleFrom reads addresses, one a line or with commas between; each once. */
export function peopleFrom(text: string): string[] {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '')
  return [...new Set(parts.map((part) => part.toLowerCase()))]
}

/** What is in the form. */
export interface Wanted {
  name: string
  audience: Audience
  password: string
  people: string
  comments: CommentRule
  download: boolean
  ends: boolean
  end: Date | undefined
}

export type FieldName = 'password' | 'people' | 'end'
export type Checked = { at: 'fine'; rules: LinkRules } | { at: 'wrong'; field: FieldName; sentence: string }

/**
 * check tells what the server would refuse beside the field that it is about. before is the link
 * that is being changed.
 */
export function check(wanted: Wanted, before: Pick<Link, 'hasPassword' | 'expiresAt'> | undefined, now: Date): Checked {
  const wrong = (field: FieldName, sentence: string): Checked => ({ at: 'wrong', field, sentence })
  const people = peopleFrom(wanted.people)
  if (wanted.audience === 'password') {
    const length = [...wanted.password].length
    if (length === 0 && !before?.hasPassword)
      return wrong('password', 'Give the password that this link is to ask for.')
    if (length > 0 && length < MIN_PASSWORD)
      return wrong('password', `A password needs at least ${MIN_PASSWORD} characters.`)
  }
  if (wanted.audience === 'named') {
    if (people.length === 0) return wrong('people', 'Give the mail address of at least one person.')
    const odd = people.find((address) => !/^[^@]+@[^@]+$/.test(address))
    if (odd !== undefined) return wrong('people', `“${odd}” does not look like a mail address.`)
    if (people.length > MAX_PEOPLE) return wrong('people', `A link can name at most ${MAX_PEOPLE} people.`)
  }
  if (wanted.ends) {
    if (!wanted.end) return wrong('end', 'Give the day and the time at which it ends.')
    if (wanted.end <= now) return wrong('end', 'That is over already. Give a later time.')
  }
  return {
    at: 'fine',
    rules: {
      name: wanted.name.trim(),
      audience: wanted.audience,
      password: wanted.audience === 'password' && wanted.password !== '' ? wanted.password : undefined,
      people: wanted.audience === 'named' ? people : undefined,
      comments: wanted.comments,
      download: wanted.download,
      expiresAt: wanted.ends ? wanted.end : undefined,
    },
  }
}

function never(value: never): never {
  throw new Error(`unknown audience ${JSON.stringify(value)}`)
}
