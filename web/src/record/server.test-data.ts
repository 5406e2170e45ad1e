// The server of recordings for tests, behind a network that they can break.
import { digestHeader, sha256 } from './digest'
import type { Answer, Exchange, Request } from './exchange'

/** Keeps the digests of chunks, and seals when it has all of them. */
export class FakeServer {
  readonly chunks = new Map<string, string>()
  readonly log: string[] = []
  token = 'up_1'
  session = true
  sealed = false
  trashed = false
  /** The person has switched to another workspace. */
  elsewhere = false
  /** The video was deleted for good. */
  purged = false
  created = 0
  key = ''
  flying = 0
  mostFlying = 0
  /**
   * What happens to a request: it is lost before it arrives ('cut'), its response is lost after it
   * was carried out ('lost'), or the response has this status instead.
   */
  fault: (request: Request, n: number) => 'cut' | 'lost' | number | undefined = () => undefined

  readonly exchange: Exchange = async (request) => {
    this.log.push(`${request.method} ${request.path}`)
    const fault = this.fault(request, this.log.length)
    if (fault === 'cut') return gone
    if (typeof fault === 'number') return { status: fault, json: undefined }
    this.flying++
    this.mostFlying = Math.max(this.mostFlying, this.flying)
    await Promise.resolve()
    const answer = await this.answer(request)
    this.flying--
    return fault === 'lost' ? gone : answer
  }

  private async answer(r: Request): Promise<Answer> {
    if (r.path === '/api/v1/videos') {
      if (!this.session) return { status: 401, json: undefined }
      const key = r.headers?.['Idempotency-Key'] ?? ''
      if (key === '' || key !== this.key) {
        this.key = key
        this.created++
        this.chunks.clear()
        this.trashed = false
        this.purged = false
      }
      const upload = { url: `http://localhost/api/v1/uploads/u${this.created}`, token: this.token }
      return {
        status: 201,
        json: { id: `v${this.created}`, watch_url: `/v/w${this.created}`, share_token: 's', upload },
      }
    }
    if (r.method === 'DELETE' && r.path.startsWith('/api/v1/videos/')) {
      this.trashed = true
      return { status: 204, json: undefined }
    }
    if (r.path === `/api/v1/videos/v${this.created}`)
      return { status: 200, json: { state: this.sealed ? 'ready' : 'recording' } }
    if (r.path.endsWith('/restore')) return this.restore()
    if (r.path.endsWith('/upload-token'))
      return this.session ? { status: 201, json: { token: this.token } } : { status: 401, json: undefined }
    if (r.token !== this.token) return { status: 401, json: undefined }
    if (this.purged) return { status: 404, json: undefined }
    if (this.trashed) return { status: 410, json: undefined }
    if (r.method === 'DELETE') {
      this.trashed = true
      return { status: 204, json: undefined }
    }
    if (r.path.endsWith('/heartbeat')) return { status: 200, json: { token: this.token } }
    if (r.path.endsWith('/complete')) return this.complete(r)
    if (r.method === 'PUT') return this.put(r)
    return { status: 200, json: this.state() }
  }

  private async put(r: Request): Promise<Answer> {
    const [track, , n] = r.path.split('/').slice(-3)
    const want = r.headers?.['Content-Digest'] ?? ''
    if (digestHeader(await sha256(r.bytes ?? new Uint8Array())) !== want) return { status: 422, json: undefined }
    const had = this.chunks.get(`${track}/${n}`)
    if (had !== undefined && had !== want) return { status: 409, json: undefined }
    this.chunks.set(`${track}/${n}`, want)
    return { status: had === undefined ? 201 : 200, json: undefined }
  }

  private restore(): Answer {
    if (!this.session) return { status: 401, json: undefined }
    if (this.purged || this.elsewhere) return { status: 404, json: undefined }
    if (this.trashed && this.chunks.size === 0) return { status: 409, json: undefined }
    this.trashed = false
    return { status: 200, json: {} }
  }

  private complete(r: Request): Answer {
    const claims = (r.json as { tracks: Record<string, { chunks: number }> }).tracks
    const isWhole = Object.entries(claims).every(([track, claim]) => this.next(track) === claim.chunks)
    this.sealed = isWhole
    return isWhole ? { status: 200, json: {} } : { status: 409, json: { missing: {} } }
  }

  private state(): unknown {
    const tracks = Object.fromEntries(
      ['screen', 'camera'].map((t) => [t, { next: this.next(t), bytes: 0, missing: [] }]),
    )
    return { tracks, sealed: this.sealed }
  }

  next(track: string): number {
    let n = 0
    while (this.chunks.has(`${track}/${n}`)) n++
    return n
  }

  puts(): string[] {
    return this.log.filter((line) => line.startsWith('PUT')).map((line) => line.replace(/.*tracks\//, ''))
  }
}

const gone: Answer = { status: 0, json: undefined }
