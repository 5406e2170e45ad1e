import { expect, it } from 'vitest'
import { tokenize } from './tokens'

it.each([
  { name: 'plain words', body: 'Just words.', want: ['Just words.'] },
  { name: 'a position', body: 'see 1:23, please', want: ['see ', '[1:23 83000]', ', please'] },
  { name: 'a position with hours', body: '1:02:03', want: ['[1:02:03 3723000]'] },
  { name: 'a range', body: '0:58–1:10', want: ['[0:58 58000]', '–', '[1:10 70000]'] },
  {
    name: 'no position in a ratio of other numbers',
    body: '1:234 and 12:3 and 1.1:23',
    want: ['1:234 and 12:3 and 1.1:23'],
  },
  {
    name: 'an address, without the full stop',
    body: 'See https://example.org/a?b=1.',
    want: ['See ', '<https://example.org/a?b=1>', '.'],
  },
  { name: 'an address in brackets', body: '(https://example.org/x)', want: ['(', '<https://example.org/x>', ')'] },
  { name: 'brackets of the address itself', body: 'https://example.org/a_(b)', want: ['<https://example.org/a_(b)>'] },
  {
    name: 'a time inside an address stays there',
    body: 'https://example.org/at/1:23',
    want: ['<https://example.org/at/1:23>'],
  },
  {
    name: 'other schemes are words',
    body: 'javascript:alert(1) ftp://x.org',
    want: ['javascript:alert(1) ftp://x.org'],
  },
  { name: 'an address with no host is words', body: 'https://', want: ['https://'] },
  { name: 'markup is words', body: '<b>x</b>', want: ['<b>x</b>'] },
  { name: 'line breaks stay', body: 'a\n\n0:05', want: ['a\n\n', '[0:05 5000]'] },
])('$name', ({ body, want }) => {
  const got = tokenize(body).map((token) => {
    if (token.at === 'time') return `[${token.text} ${token.ms}]`
    return token.at === 'link' ? `<${token.url}>` : token.text
  })
  expect(got).toEqual(want)
})
