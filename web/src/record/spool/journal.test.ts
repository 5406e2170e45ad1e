import { expect, test } from 'vitest'
import { sha256 } from '../digest'
import type { ChunkHead } from '../track'
import { decodeHead, encodeHead, headBytes, type Readable, readJournal } from './journal'

async function fileOf(sizes: number[], firstN = 0): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  for (const [i, size] of sizes.entries()) {
    const bytes = new Uint8Array(size).fill(i + 1)
    parts.push(
      encodeHead({ track: 'screen', n: firstN + i, sizeBytes: size, spanMs: 2000, sha256: await sha256(bytes) }),
      bytes,
    )
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())
}

function readable(bytes: Uint8Array<ArrayBuffer>): Readable {
  return { sizeBytes: bytes.length, read: async (at, length) => bytes.slice(at, at + length) }
}

test('a head says again what it was told', async () => {
  const head: ChunkHead = {
    track: 'camera',
    n: 70_000,
    sizeBytes: 8 << 20,
    spanMs: 1993,
    sha256: await sha256(new Uint8Array([1, 2, 3])),
  }
  expect(decodeHead('camera', encodeHead(head))).toEqual(head)
})

test('reads whole chunks, and nothing that is torn', async () => {
  const whole = await fileOf([10, 20, 30])
  const third = headBytes * 3 + 30
  const zeros = (bytes: Uint8Array<ArrayBuffer>, from: number) => bytes.slice().fill(0, from)
  const cases: { name: string; bytes: Uint8Array<ArrayBuffer>; firstN?: number; want: number[] }[] = [
    { name: 'whole', bytes: whole, want: [10, 20, 30] },
    { name: 'empty', bytes: new Uint8Array(), want: [] },
    { name: 'cut in the last chunk', bytes: whole.slice(0, -1), want: [10, 20] },
    { name: 'cut in the last head', bytes: whole.slice(0, third - 5), want: [10, 20] },
    { name: 'cut at the end of a head', bytes: whole.slice(0, third), want: [10, 20] },
    { name: 'grown, but never written', bytes: zeros(whole, headBytes + 10), want: [10] },
    { name: 'of another number', bytes: whole, firstN: 32, want: [] },
    { name: 'a later part', bytes: await fileOf([5, 6], 32), firstN: 32, want: [5, 6] },
    { name: 'no journal', bytes: new TextEncoder().encode('x'.repeat(200)), want: [] },
  ]
  for (const tc of cases) {
    const entries = await readJournal(readable(tc.bytes), 'screen', tc.firstN ?? 0)
    expect(
      entries.map((e) => e.head.sizeBytes),
      tc.name,
    ).toEqual(tc.want)
    for (const e of entries)
      expect(await sha256(tc.bytes.slice(e.atBytes, e.atBytes + e.head.sizeBytes)), tc.name).toEqual(e.head.sha256)
  }
})
