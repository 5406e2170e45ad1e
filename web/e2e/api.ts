// The API for any client with a key: it prepares what must exist before a page is opened.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { expect, vi } from 'vitest'
import { owner, type Program } from './program'

/** The parts of the server's video that the tests need. */
export interface Video {
  id: string
  title: string
  state: string
  failure: string | null
  improving: boolean
  uploaded_bytes: number
  original_url: string | null
}

/** An upload that has begun, and the link that it has from then on. */
export interface Begun {
  videoId: string
  link: string
  uploadUrl: string
}

export class Client {
  private constructor(
    readonly base: string,
    readonly key: string,
  ) {}

  /** A client of the program's first account. */
  static async of(program: Program): Promise<Client> {
    return new Client(program.base, await program.command('token', 'add', '--email', owner.email))
  }

  async begin(fileName: string, sizeBytes: number): Promise<Begun> {
    const headers = {
      'Upload-Length': String(sizeBytes),
      'Upload-Metadata': `filename ${Buffer.from(fileName).toString('base64')}`,
    }
    const answer = await this.call('POST', '/api/v1/files/', { headers })
    const header = (name: string) => answer.headers.get(name) ?? ''
    return { videoId: header('Meanwhile-Video-Id'), link: header('Meanwhile-Watch-Url'), uploadUrl: header('Location') }
  }

  async send(begun: Begun, bytes: Uint8Array<ArrayBuffer>, offsetBytes: number): Promise<void> {
    const headers = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offsetBytes) }
    await this.call('PATCH', begun.uploadUrl, { headers, body: bytes })
  }

  async upload(path: string, fileName = basename(path)): Promise<Begun> {
    const bytes = new Uint8Array(await readFile(path))
    const begun = await this.begin(fileName, bytes.length)
    await this.send(begun, bytes, 0)
    return begun
  }

  async video(id: string): Promise<Video> {
    return (await (await this.call('GET', `/api/v1/videos/${id}`)).json()) as Video
  }

  async videos(): Promise<Video[]> {
    return ((await (await this.call('GET', '/api/v1/videos')).json()) as { items: Video[] }).items
  }

  /** Waits until the video has this state and no better version is being made. */
  async reaches(id: string, state: string): Promise<void> {
    const stands = async () => {
      const video = await this.video(id)
      expect(video.improving ? 'improving' : video.state, video.title).toBe(state)
    }
    // vi.waitFor, because expect.poll does not work in hooks
    await vi.waitFor(stands, { timeout: 90_000, interval: 250 })
  }

  /** The video behind a watch link. */
  async byLink(link: string): Promise<Video> {
    const videos = (await (await this.call('GET', '/api/v1/videos')).json()) as {
      items: (Video & { watch_url: string })[]
    }
    const video = videos.items.find((v) => basename(v.watch_url) === basename(link))
    if (!video) throw new Error(`no video has the link ${link}`)
    return video
  }

  async share(token: string): Promise<{ playback: { tracks: { name: string; offset_ms: number }[] } }> {
    return (await (await this.call('GET', `/api/v1/shares/${token}`)).json()) as {
      playback: { tracks: { name: string; offset_ms: number }[] }
    }
  }

  async trash(id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/videos/${id}`)
  }

  async rename(id: string, title: string): Promise<void> {
    await this.call('PATCH', `/api/v1/videos/${id}`, { json: { title } })
  }

  /** Posts a comment on a link, as the account. */
  async comment(link: string, body: string, atMs = 0): Promise<void> {
    await this.call('POST', `/api/v1/shares/${basename(link)}/comments`, { json: { body, at_ms: atMs } })
  }

  private async call(
    method: string,
    path: string,
    {
      headers = {},
      body,
      json,
    }: { headers?: Record<string, string>; body?: Uint8Array<ArrayBuffer>; json?: object } = {},
  ): Promise<Response> {
    const all: Record<string, string> = { Authorization: `Bearer ${this.key}`, 'Tus-Resumable': '1.0.0', ...headers }
    if (json) all['Content-Type'] = 'application/json'
    const answer = await fetch(new URL(path, this.base), {
      method,
      headers: all,
      body: json ? JSON.stringify(json) : (body ?? null),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
}
