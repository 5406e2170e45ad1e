// The tabs of the settings: who gets which, and their addresses.
import type { Role } from '../api/account'

export const tabs = [
  { id: 'you', label: 'You' },
  { id: 'sessions', label: 'Sessions' },
  { id: 'keys', label: 'API keys' },
  { id: 'members', label: 'Members' },
  { id: 'workspace', label: 'Workspace' },
  { id: 'comments', label: 'Held comments' },
  { id: 'log', label: 'Log' },
] as const

export type Tab = (typeof tabs)[number]
export type TabId = Tab['id']

/**
 * tabsFor returns the tabs for a role. Without a workspace a person still has an account, and can
 * make a workspace.
 */
export function tabsFor(role: Role | undefined): Tab[] {
  if (role === undefined) return tabs.filter((t) => t.id === 'you' || t.id === 'sessions' || t.id === 'workspace')
  return tabs.filter((t) => t.id !== 'log' || role === 'owner')
}

/** tabAt reads an address: /settings is /settings/you. */
export function tabAt(path: string): TabId {
  return tabs.find((t) => path === pathOf(t.id))?.id ?? 'you'
}

export function pathOf(id: TabId): string {
  return `/settings/${id}`
}

/** Whether a role manages the others. */
export function leads(role: Role | undefined): boolean {
  return role === 'owner' || role === 'admin'
}
