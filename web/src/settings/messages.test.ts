import { describe, expect, it } from 'vitest'
import { actWords, changesOf, linesOf, openSignUpWords, whoWords } from './messages'

describe('the log', () => {
  it.each([
    { action: 'role-changed', want: 'changed a role' },
    { action: 'moon-landed', want: 'moon landed' },
  ])('says what $action was', ({ action, want }) => expect(actWords({ action })).toBe(want))

  it.each([
    { actor: 'Ada', address: '192.0.2.1', want: 'Ada' },
    { actor: '', address: '192.0.2.1', want: 'Somebody without an account' },
    { actor: '', address: undefined, want: 'Meanwhile itself' },
  ])('says that it was $want', ({ actor, address, want }) => expect(whoWords({ actor, address })).toBe(want))
})

it.each([
  { text: '', want: [] },
  { text: ' \n', want: [] },
  { text: 'a.example\nb.example', want: ['a.example', 'b.example'] },
  { text: 'a.example, b.example ,', want: ['a.example', 'b.example'] },
])('reads "$text" as a list', ({ text, want }) => expect(linesOf(text)).toEqual(want))

it('finds what was changed', () => {
  const before = {
    name: 'Team',
    signUp: 'invited',
    domains: ['a.example'],
    embedHosts: [],
    keepDays: 0,
    defaultAudience: 'link',
    defaultComments: 'on',
    defaultDownload: false,
  }
  expect(changesOf(before, { ...before, domains: ['a.example'] })).toEqual({})
  expect(changesOf(before, { ...before, domains: [], keepDays: 30 })).toEqual({ domains: [], keepDays: 30 })
})

it.each([
  { names: ['Eve'], want: /^Eve joined/ },
  { names: ['Eve', 'Gus'], want: /^Eve and Gus joined/ },
  { names: ['A', 'B', 'C', 'D', 'E', 'F'], want: /^A, B, C, D and 2 more joined/ },
])('names $names, who joined by themselves', ({ names, want }) => expect(openSignUpWords(names)).toMatch(want))
