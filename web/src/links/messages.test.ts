import { expect, test } from 'vitest'
import { type Link, parseLink } from '../api/links'
import { audienceWords, check, linkEndWords, nameOf, peopleFrom, ruleWords, stands, type Wanted } from './messages'

const now = new Date(2026, 10, 26, 12, 0)
const link: Link = {
  id: 'l1',
  name: '',
  url: 'https://meanwhile.example/v/t',
  audience: 'link',
  people: [],
  hasPassword: false,
  comments: 'on',
  download: false,
  opens: 0,
  expiresAt: undefined,
  revokedAt: undefined,
}
const wanted: Wanted = {
  name: ' Client ',
  audience: 'link',
  password: '',
  people: '',
  comments: 'on',
  download: false,
  ends: false,
  end: undefined,
}

test('a link says whom it is for, what is unusual about it, and how often it was opened', () => {
  expect(nameOf(link, [link])).toBe('First link')
  expect(nameOf({ ...link, id: 'l2' }, [link, { ...link, id: 'l2' }])).toBe('Link 2')
  expect(nameOf({ ...link, name: 'Client' }, [link])).toBe('Client')
  expect(audienceWords(link)).toBe('Anyone with the link')
  expect(audienceWords({ audience: 'named', people: ['a@b.c'] })).toBe('1 person')
  expect(audienceWords({ audience: 'named', people: ['a@b.c', 'd@e.f'] })).toBe('2 people')
  expect(ruleWords(link, now, 'en-GB')).toEqual(['Not opened yet'])
  const client: Link = { ...link, comments: 'held', download: true, opens: 12, expiresAt: new Date(2026, 11, 3, 18, 0) }
  expect(ruleWords(client, now, 'en-GB')).toEqual([
    'Comments need your approval',
    'Download allowed',
    'Until 3 Dec, 18:00, your time',
    'Opened 12 times',
  ])
})

test('a link that ended or was revoked says so, and stands no more', () => {
  const ended = { expiresAt: new Date(2026, 10, 26, 9, 5), revokedAt: undefined }
  expect(linkEndWords(ended, now, 'en-GB')).toBe('Ended today, 09:05, your time')
  expect(stands(ended, now)).toBe(false)
  expect(stands(link, now)).toBe(true)
  const revoked = { expiresAt: undefined, revokedAt: new Date(2026, 10, 20, 8, 0) }
  expect(linkEndWords(revoked, now, 'en-GB')).toBe('Revoked 20 Nov, 08:00')
  expect(stands(revoked, now)).toBe(false)
})

test('addresses may stand on lines or between commas, each counts once', () => {
  expect(peopleFrom(' ann@example.com\nBo@Example.com, ann@example.com;\n')).toEqual([
    'ann@example.com',
    'bo@example.com',
  ])
  expect(peopleFrom(' \n')).toEqual([])
})

test('what the server would refuse is told beside its field', () => {
  const cases: [Partial<Wanted>, string][] = [
    [{ audience: 'password' }, 'password'],
    [{ audience: 'password', password: 'short' }, 'password'],
    [{ audience: 'named' }, 'people'],
    [{ audience: 'named', people: 'ann@example.com, bo' }, 'people'],
    [{ ends: true }, 'end'],
    [{ ends: true, end: now }, 'end'],
  ]
  for (const [part, field] of cases)
    expect(check({ ...wanted, ...part }, undefined, now)).toMatchObject({ at: 'wrong', field })
})

test('what is sent says only what is meant: no password of another audience, none where the old one stays', () => {
  const fine = check({ ...wanted, password: 'left over', people: 'left@over.example' }, undefined, now)
  expect(fine).toEqual({
    at: 'fine',
    rules: {
      name: 'Client',
      audience: 'link',
      password: undefined,
      people: undefined,
      comments: 'on',
      download: false,
      expiresAt: undefined,
    },
  })
  const kept = check({ ...wanted, audience: 'password' }, { hasPassword: true, expiresAt: undefined }, now)
  expect(kept).toMatchObject({ at: 'fine', rules: { audience: 'password', password: undefined } })
})

test('a link of the wire is read, and one with rules that nobody knows is refused', () => {
  const wire = {
    id: 'l1',
    name: 'Client',
    url: 'https://meanwhile.example/v/t',
    share_token: 't',
    audience: 'named',
    people: ['ann@example.com'],
    has_password: false,
    comments: 'held',
    allow_download: true,
    opens: 3,
    created_at: '2026-11-26T12:00:00Z',
    expires_at: '2026-12-03T18:00:00Z',
  }
  expect(parseLink(wire)).toMatchObject({
    audience: 'named',
    comments: 'held',
    opens: 3,
    expiresAt: new Date('2026-12-03T18:00:00Z'),
  })
  expect(() => parseLink({ ...wire, audience: 'everyone' })).toThrow('audience')
})
