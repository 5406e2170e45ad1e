// A recording that is sent in chunks, as a browser sends it.
import { createHash } from 'node:crypto'
import type { Client } from './api'

const CHUNK_BYTES = 250_000

interface Begun {
  watch_url: string
  share_token: string
  upload: { url: string; token: string }
}

export class Take {
  private chunks = 0
  private bytes = 0

  private constructor(
    private readonly base: string,
    private readonly begun: Begun,
  ) {}

  static async begin(client: Client): Promise<Take> {
    const answer = await ask(client.base, 'POST', '/api/v1/videos', client.key, JSON_TYPE, '{"source":"recording"}')
    return new Take(client.base, (await answer.json()) as Begun)
  }

  get link(): string {
    return this.begun.watch_url
  }

  get shareToken(): string {
    return this.begun.share_token
  }

  async send(bytes: Buffer): Promise<void> {
    const { url, token } = this.begun.upload
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = new Uint8Array(bytes.subarray(at, at + CHUNK_BYTES))
      const digest = `sha-256=:${createHash('sha256').update(chunk).digest('base64')}:`
      const headers = { 'Content-Digest': digest, 'Content-Type': 'video/mp4' }
      await ask(this.base, 'PUT', `${url}/tracks/screen/chunks/${this.chunks}`, token, headers, chunk)
      this.chunks++
      this.bytes += chunk.length
    }
  }

  async complete(): Promise<void> {
    const { url, token } = this.begun.upload
    const claim = JSON.stringify({ tracks: { screen: { chunks: this.chunks, bytes: this.bytes } } })
    await ask(this.base, 'POST', `${url}/complete`, token, JSON_TYPE, claim)
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

async function ask(
  base: string,
  method: string,
  path: string,
  token: string,
  headers: Record<string, string>,
  body: BodyInit,
): Promise<Response> {
  const answer = await fetch(new URL(path, base), { method, body, headers: { Authorization: `Bearer ${token}`, ...headers } })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}
