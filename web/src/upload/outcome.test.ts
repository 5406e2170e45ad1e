import { expect, test } from 'vitest'
import { type Outcome, outcomeOf } from './outcome'

const cases: { name: string; status: number; detail?: string; want: Outcome }[] = [
  { name: 'no answer is the network', status: 0, want: { is: 'lost', because: 'network' } },
  {
    name: 'a restart of the server is waited for',
    status: 503,
    detail: 'Starting.',
    want: { is: 'lost', because: 'server' },
  },
  { name: 'a bad gateway is waited for', status: 502, want: { is: 'lost', because: 'server' } },
  {
    name: 'another offset asks again',
    status: 409,
    detail: 'The upload stands at byte 3, not 5.',
    want: { is: 'lost', because: 'server' },
  },
  { name: 'an ended session is no failure', status: 401, detail: 'Sign in to upload.', want: { is: 'signed-out' } },
  {
    name: 'too large says what the server says',
    status: 413,
    detail: 'This file is larger than this site accepts (10 MiB).',
    want: { is: 'refused', reason: 'This file is larger than this site accepts (10 MiB).', again: 'never' },
  },
  {
    name: 'a full disk may be tried again',
    status: 507,
    detail: 'The storage is full.',
    want: { is: 'refused', reason: 'The storage is full.', again: 'retry' },
  },
  {
    name: 'what is not taken never will be',
    status: 415,
    detail: 'Not a video.',
    want: { is: 'refused', reason: 'Not a video.', again: 'never' },
  },
  {
    name: 'an expired upload begins anew',
    status: 410,
    detail: 'Expired.',
    want: { is: 'refused', reason: 'Expired.', again: 'restart' },
  },
]

for (const tc of cases) test(tc.name, () => expect(outcomeOf(tc.status, tc.detail)).toEqual(tc.want))

test('a refusal without a sentence gets one', () => {
  for (const status of [404, 413, 415, 507, 418]) {
    const got = outcomeOf(status, undefined)
    expect(got.is === 'refused' && got.reason.length > 20).toBe(true)
  }
})
