import { describe, expect, it } from 'vitest'
import { tabAt, tabsFor } from './tabs'

describe('tabsFor', () => {
  it.each([
    { role: undefined, want: ['you', 'sessions', 'workspace'] },
    { role: 'member', want: ['you', 'sessions', 'keys', 'members', 'workspace', 'comments'] },
    { role: 'admin', want: ['you', 'sessions', 'keys', 'members', 'workspace', 'comments'] },
    { role: 'owner', want: ['you', 'sessions', 'keys', 'members', 'workspace', 'comments', 'log'] },
  ] as const)('offers $role what is theirs', ({ role, want }) => expect(tabsFor(role).map((t) => t.id)).toEqual(want))
})

it.each([
  { path: '/settings', want: 'you' },
  { path: '/settings/log', want: 'log' },
  { path: '/settings/none', want: 'you' },
])('$path is $want', ({ path, want }) => expect(tabAt(path)).toBe(want))
