import { expect, test } from 'vitest'
import { parseJson, readDetail } from './problem'

test('the sentence for people is read from a problem and from nothing else', () => {
  expect(readDetail(parseJson('{"title":"Full","detail":"The storage is full."}'))).toBe('The storage is full.')
  for (const body of ['', '<html>502</html>', '[]', 'null', '{"detail":7}', '{"detail":""}']) {
    expect(readDetail(parseJson(body)), body).toBeUndefined()
  }
})
