// What roles, scopes and the lines of the log are called.
import type { Role, Scope } from '../api/account'
import type { LogLine, Settings } from '../api/workspace'

export const roleWords: Readonly<Record<Role, string>> = { owner: 'Owner', admin: 'Admin', member: 'Member' }

export const roleHints: Readonly<Record<Role, string>> = {
  owner: 'everything, and who else owns it',
  admin: 'looks after people, links and settings',
  member: 'records, shares, comments',
}

export const scopeWords: Readonly<Record<Scope, string>> = {
  read: 'See my videos and their links',
  write: 'Change videos and links, delete them',
  upload: 'Upload and record',
  comment: 'Comment, and look after comments',
  admin: 'Look after the workspace and its people',
}

/** "read, upload" for a list of scopes. */
export function listWords(items: readonly string[]): string {
  return items.join(', ')
}

// Each reads on after a name, and before what it was done to.
const acts: Readonly<Record<string, string>> = {
  'video-trash': 'moved a video to the trash',
  'video-restore': 'took a video out of the trash',
  'video-purge': 'deleted a video for good',
  'workspace-export': 'took everything of the workspace along',
  'account-delete': 'asked for their account to be deleted',
  'account-restore': 'chose to keep their account',
  'account-gone': 'deleted an account that was left',
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
  'invite-revoked': 'took an invite back',
  'log-in-link-made': 'made a link that signs in once',
  'password-changed': 'changed their password',
  'log-in': 'signed in',
  'passkey-added': 'made a passkey',
  'passkey-removed': 'removed a passkey',
  'passkey-refused': 'had a passkey refused',
  'provider-tied': 'signed in at the provider for the first time',
  'address-proved': 'showed that their address is theirs, which ended what was signed in before',
  'session-ended': 'signed browsers out',
  'key-made': 'made an API key',
  'key-deleted': 'deleted an API key',
  'link-made': 'made a link',
  'link-changed': "changed a link's rules",
  'link-revoked': 'revoked a link',
  'link-mailed': 'made an access link for somebody',
}

/**
 * actWords is what was done, in words; an action that this page does not know yet is told by its
 * own name.
 */
export function actWords(line: Pick<LogLine, 'action'>): string {
  return acts[line.action] ?? line.action.replaceAll('-', ' ')
}

/** whoWords is who did it: a guest has an address and no name, the program neither. */
export function whoWords(line: Pick<LogLine, 'actor' | 'address'>): string {
  if (line.actor) return line.actor
  return line.address ? 'Somebody without an account' : 'Meanwhile itself'
}

/**
 * changesOf is what differs, so that nothing else is set back and the log tells of nothing else.
 */
export function changesOf(before: Settings, after: Settings): Partial<Settings> {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => !same(value, before[key as keyof Settings])))
}

/**
 * linesOf reads what somebody typed into a field of several lines: one item a line, or with commas.
 */
export function linesOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
