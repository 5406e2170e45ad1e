// A recording sent like from a browser, piece by piece, with an API key: for tests that watch it
// meanwhile.
import { createHash } from 'node:crypto'
import type { Client } from './api'

type Track = 'screen' | 'camera'
type Begun = { id: string; watch_url: string; share_token: string; upload: { url: string; token: string } }

export class Take {
  private readonly sent = new Map<Track, { chunks: number; bytes: number }>()

  private constructor(
    private readonly uploadUrl: string,
    private readonly token: string,
    readonly videoId: string,
    readonly link: string,
    readonly shareToken: string,
  ) {}

  static async begin({ base, key }: Client, title = 'Weekly update'): Promise<Take> {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ source: 'recording', title })
    const answer = await expectOK(fetch(`${base}/api/v1/videos`, { method: 'POST', headers, body }))
    const begun = (await answer.json()) as Begun
    return new Take(
      new URL(begun.upload.url, base).href,
      begun.upload.token,
      begun.id,
      begun.watch_url,
      begun.share_token,
    )
  }

  /** Sends the next bytes of a track as one chunk. */
  async put(track: Track, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const sent = this.sent.get(track) ?? { chunks: 0, bytes: 0 }
    const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`
    const headers = { Authorization: `Bearer ${this.token}`, 'Content-Type': 'video/mp4', 'Content-Digest': digest }
    await expectOK(
      fetch(`${this.uploadUrl}/tracks/${track}/chunks/${sent.chunks}`, { method: 'PUT', headers, body: bytes }),
    )
    this.sent.set(track, { chunks: sent.chunks + 1, bytes: sent.bytes + bytes.length })
  }

  /** Sends bytes in chunks of half a megabyte. */
  async putAll(track: Track, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length; at += 500_000) await this.put(track, bytes.subarray(at, at + 500_000))
  }

  /** Throws the take away, as its recorder does. */
  async cancel(): Promise<void> {
    await expectOK(fetch(this.uploadUrl, { method: 'DELETE', headers: { Authorization: `Bearer ${this.token}` } }))
  }

  async complete(): Promise<void> {
    const headers = { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ tracks: Object.fromEntries(this.sent) })
    await expectOK(fetch(`${this.uploadUrl}/complete`, { method: 'POST', headers, body }))
  }
}

async function expectOK(asked: Promise<Response>): Promise<Response> {
  const answer = await asked
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`)
  return answer
}
