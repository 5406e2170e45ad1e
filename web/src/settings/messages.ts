// The names of roles, scopes and log entries.
import type { Role, Scope } from '../api/account'
import type { LogLine, Settings } from '../api/workspace'

export const roleWords: Readonly<Record<Role, string>> = { owner: 'Owner', admin: 'Admin', member: 'Member' }

export const roleHints: Readonly<Record<Role, string>> = {
  owner: 'can do everything, and choose other owners',
  admin: 'manages people, links and settings',
  member: 'records, shares, comments',
}

export const scopeWords: Readonly<Record<Scope, string>> = {
  read: 'See my videos and their links',
  write: 'Change videos and links, delete them',
  upload: 'Upload and record',
  comment: 'Comment, and moderate comments',
  admin: 'Manage the workspace and its people',
}

/** "read, upload" for a list of scopes. */
export function listWords(items: readonly string[]): string {
  return items.join(', ')
}

// Each comes after a person's name, and before the object.
const acts: Readonly<Record<string, string>> = {
  'video-trash': 'moved a video to the trash',
  'video-restore': 'took a video out of the trash',
  'video-purge': 'deleted a video for good',
  'workspace-export': 'exported the workspace',
  'account-delete': 'asked for their account to be deleted',
  'account-restore': 'chose to keep their account',
  'account-gone': 'deleted an account after its 14 days',
  'workspace-owner': 'made somebody the owner',
  'comments-deleted': 'deleted comments',
  'guest-blocked': 'blocked a guest',
  'workspace-made': 'made the workspace',
  'settings-changed': 'changed settings',
  'member-joined': 'joined',
  'member-left': 'left',
  'member-removed': 'removed a member',
  'role-changed': 'changed a role',
  'ownership-handed-over': 'handed ownership over',
  'invite-made': 'made an invite',
  'invite-asked-for': 'asked to join',
  'invite-revoked': 'revoked an invite',
  'log-in-link-made': 'made a link that signs in once',
  'password-changed': 'changed their password',
  'log-in': 'signed in',
  'passkey-added': 'made a passkey',
  'passkey-removed': 'removed a passkey',
  'passkey-refused': 'used a passkey that was refused',
  'provider-tied': 'signed in at the provider for the first time',
  'address-proved': 'confirmed their mail address, which ended earlier sessions and keys',
  'session-ended': 'signed browsers out',
  'key-made': 'made an API key',
  'key-deleted': 'deleted an API key',
  'link-made': 'made a link',
  'link-changed': "changed a link's rules",
  'link-revoked': 'revoked a link',
  'link-mailed': 'made an access link for somebody',
}

/**
 * actWords is the action in words. An action that this page does not know yet keeps its own name.
 */
export function actWords(line: Pick<LogLine, 'action'>): string {
  return acts[line.action] ?? line.action.replaceAll('-', ' ')
}

/** whoWords is who did it. A guest has an address and no name, the program has neither. */
export function whoWords(line: Pick<LogLine, 'actor' | 'address'>): string {
  if (line.actor) return line.actor
  return line.address ? 'Somebody without an account' : 'Meanwhile itself'
}

/** openSignUpWords names who made themselves a member while sign-up was open to everybody. */
export function openSignUpWords(names: readonly string[]): string {
  const who = names.length > 5 ? [...names.slice(0, 4), `${names.length - 4} more`] : names
  const list = who.length < 2 ? who.join('') : `${who.slice(0, -1).join(', ')} and ${who.at(-1)}`
  return `${list} joined this workspace without being asked, while sign-up was open to everybody. Remove whom you do not know.`
}

/** changesOf returns only what differs, so that nothing else is reset or appears in the log. */
export function changesOf(before: Settings, after: Settings): Partial<Settings> {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => !same(value, before[key as keyof Settings])))
}

/** linesOf reads the items of a multi-line field: one item a line, or separated by commas. */
export function linesOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
