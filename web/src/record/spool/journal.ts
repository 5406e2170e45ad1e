// The format of chunks in a file on this device: a header of 48 bytes, then the chunk, one after
// another. A file that was cut off, or whose end never reached the disk, is read up to its last
// complete chunk.
import type { ChunkHead, TrackName } from '../track'

export const headBytes = 48
const magic = 0x4d574331 // MWC1

/** A chunk and the place of its bytes in the file. */
export type Entry = { head: ChunkHead; atBytes: number }

/** What can be read like a file: an open handle, or bytes in memory. */
export type Readable = {
  sizeBytes: number
  read(atBytes: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * encodeHead: magic, number, length, span in ms (big endian, 32 bits each), sha256 of the chunk.
 */
export function encodeHead(head: ChunkHead): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, head.n)
  view.setUint32(8, head.sizeBytes)
  view.setUint32(12, Math.round(head.spanMs))
  bytes.set(head.sha256, 16)
  return bytes
}

/** decodeHead returns undefined for anything that is no header. */
export function decodeHead(track: TrackName, bytes: Uint8Array): ChunkHead | undefined {
  if (bytes.length < headBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0) !== magic || view.getUint32(8) === 0) return undefined
  return {
    track,
    n: view.getUint32(4),
    sizeBytes: view.getUint32(8),
    spanMs: view.getUint32(12),
    sha256: bytes.slice(16, headBytes),
  }
}

/**
 * readJournal lists the complete chunks of a file that begins with chunk firstN. It stops at the
 * first chunk that is damaged or out of order.
 */
export async function readJournal(file: Readable, track: TrackName, firstN: number): Promise<Entry[]> {
  const entries: Entry[] = []
  let at = 0
  while (at + headBytes < file.sizeBytes) {
    const head = decodeHead(track, await file.read(at, headBytes))
    if (!head || head.n !== firstN + entries.length) break
    const next = at + headBytes + head.sizeBytes
    if (next > file.sizeBytes) break
    entries.push({ head, atBytes: at + headBytes })
    at = next
  }
  return entries
}
