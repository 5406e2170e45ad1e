import { expect, test } from 'vitest'
import { namesToAsk, nextRole, type Role, type Turn } from './tabs'

const links = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `link${from + i}`)

test.each([
  ['nothing when nobody wants anything', [], []],
  [
    'what all tabs want, each once',
    [
      { names: ['a'], visible: true },
      { names: ['b', 'a'], visible: true },
    ],
    ['a', 'b'],
  ],
  [
    'what visible tabs want first',
    [
      { names: ['hidden'], visible: false },
      { names: ['seen'], visible: true },
    ],
    ['seen', 'hidden'],
  ],
  [
    'twenty links at most, and one’s own videos besides',
    [
      { names: links(0, 15), visible: false },
      { names: ['me'], visible: false },
      { names: links(15, 30), visible: true },
    ],
    ['me', ...links(15, 30), ...links(0, 5)],
  ],
])('the stream asks for %s', (_, tabs, want) => {
  expect(namesToAsk(tabs)).toEqual(want)
})

const together: [string, Role, Turn[], Role][] = [
  ['a visible tab waits until it may lead', 'away', ['shown'], 'waiting'],
  ['it leads with the lock', 'away', ['shown', 'locked'], 'leading'],
  ['a leader that is hidden keeps its stream for a while', 'leading', ['hidden'], 'lingering'],
  ['and no longer', 'leading', ['hidden', 'rested'], 'away'],
  ['and not beside another one', 'leading', ['hidden', 'replaced'], 'away'],
  ['shown again it has to wait for the lock', 'leading', ['hidden', 'shown'], 'waiting'],
  ['what comes late does not take the lead from it', 'leading', ['shown', 'replaced', 'rested'], 'leading'],
  ['a lock that comes too late makes no leader', 'waiting', ['hidden', 'locked'], 'lingering'],
  ['a page that is left has no stream', 'leading', ['left'], 'away'],
]

const alone: [string, Role, Turn[], Role][] = [
  ['leads while it is visible', 'away', ['shown'], 'leading'],
  ['has no stream as soon as it is hidden', 'leading', ['hidden'], 'away'],
  ['has none after it was left', 'leading', ['left'], 'away'],
]

test.each(together)('%s', (_, role, turns, want) => {
  expect(turns.reduce((now, turn) => nextRole(now, turn, false), role)).toBe(want)
})

test.each(alone)('a tab that is alone %s', (_, role, turns, want) => {
  expect(turns.reduce((now, turn) => nextRole(now, turn, true), role)).toBe(want)
})
