// Which of a browser's open tabs holds the one event stream, and what that asks for. Browsers allow
// six connections per host on HTTP/1.1, and people have many tabs.

/** What a tab wants to hear of: tokens of links, or "me" for the person's own videos. */
export interface Wants {
  names: readonly string[]
  visible: boolean
}

const mostLinks = 20 // of one stream

/** What the one stream asks for: first what visible tabs want. */
export function namesToAsk(tabs: readonly Wants[]): string[] {
  const byNeed = [...tabs].sort((a, b) => Number(b.visible) - Number(a.visible))
  const names = [...new Set(byNeed.flatMap((tab) => tab.names))]
  const links = names.filter((name) => name !== 'me').slice(0, mostLinks)
  return names.includes('me') ? ['me', ...links] : links
}

/**
 * What a tab is for the others: it waits to lead, leads with the one stream, keeps its stream for a
 * while although nobody looks at it, or has none.
 */
export type Role = 'waiting' | 'leading' | 'lingering' | 'away'

/** `replaced`: another tab has a stream now. `rested`: the tab has been hidden for long. */
export type Turn = 'shown' | 'hidden' | 'locked' | 'replaced' | 'rested' | 'left'

/**
 * The next role of a tab. Only visible tabs lead. A tab that is alone can neither hear nor tell the
 * others: it leads itself while it is visible.
 */
export function nextRole(role: Role, turn: Turn, alone: boolean): Role {
  switch (turn) {
    case 'shown':
      return alone || role === 'leading' ? 'leading' : 'waiting'
    case 'locked':
      return role === 'waiting' ? 'leading' : role
    case 'hidden':
      return alone || role === 'away' ? 'away' : 'lingering'
    case 'replaced':
    case 'rested':
      return role === 'lingering' ? 'away' : role
    case 'left':
      return 'away'
    default:
      return turn satisfies never
  }
}
