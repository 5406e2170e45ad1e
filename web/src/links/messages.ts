// What a link says about itself, and checks of the form: words and rules without a page.
import type { Audience, CommentRule, Link, LinkRules } from '../api/links'
import { endWords } from '../ui/ends'

/** The server's minimum. */
export const MIN_PASSWORD = 6
export const MAX_PEOPLE = 100

/**
 * nameOf returns a link's name. A link without a name gets its number among all links of the video,
 * oldest first.
 */
export function nameOf(link: Pick<Link, 'id' | 'name'>, all: readonly Pick<Link, 'id'>[]): string {
  if (link.name !== '') return link.name
  const at = all.findIndex(({ id }) => id === link.id)
  return at <= 0 ? 'First link' : `Link ${at + 1}`
}

/** audienceWords says who can open a link. */
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

/** ruleWords is what differs from the usual link, and the link's state. */
export function ruleWords(link: Link, now: Date, locale: string): string[] {
  const words: string[] = []
  if (link.comments === 'off') words.push('No comments')
  if (link.comments === 'held') words.push('Comments need your approval')
  if (link.download) words.push('Download allowed')
  const end = linkEndWords(link, now, locale)
  if (end !== '') words.push(end)
  words.push(opensWords(link.opens))
  return words
}

/** linkEndWords is empty for a link without an end. */
export function linkEndWords(link: Pick<Link, 'expiresAt' | 'revokedAt'>, now: Date, locale: string): string {
  if (link.revokedAt) return `Revoked ${endWords(link.revokedAt, now, locale)}`
  if (!link.expiresAt) return ''
  const at = endWords(link.expiresAt, now, locale)
  return link.expiresAt > now ? `Until ${at}, your time` : `Ended ${at}, your time`
}

/** stands reports whether a link still lets people in. */
export function stands(link: Pick<Link, 'expiresAt' | 'revokedAt'>, now: Date): boolean {
  return !link.revokedAt && (!link.expiresAt || link.expiresAt > now)
}

function opensWords(opens: number): string {
  if (opens === 0) return 'Not opened yet'
  return opens === 1 ? 'Opened once' : `Opened ${opens} times`
}

/** peopleFrom reads addresses separated by lines, spaces or commas, without repeats. */
export function peopleFrom(text: string): string[] {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '')
  return [...new Set(parts.map((part) => part.toLowerCase()))]
}

/** The form's values. */
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
 * check shows beside each field what the server would refuse. before is the link that is being
 * changed.
 */
export function check(wanted: Wanted, before: Pick<Link, 'hasPassword' | 'expiresAt'> | undefined, now: Date): Checked {
  const wrong = (field: FieldName, sentence: string): Checked => ({ at: 'wrong', field, sentence })
  const people = peopleFrom(wanted.people)
  if (wanted.audience === 'password') {
    const length = [...wanted.password].length
    if (length === 0 && !before?.hasPassword) return wrong('password', 'Choose a password for this link.')
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
    if (wanted.end <= now) return wrong('end', 'This time has passed. Give a later time.')
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
