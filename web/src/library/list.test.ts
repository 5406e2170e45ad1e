import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { VideoList } from './list.svelte'

type Wire = Record<string, unknown>

/** A server that has these videos, the newest first, and can be broken. */
class FakeServer {
  videos: Wire[] = []
  readonly asked: string[] = []
  fault: (method: string, path: string) => number | 'cut' | undefined = () => undefined

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const { pathname: path, searchParams: query } = new URL(address, 'http://here.example')
    const method = init.method ?? 'GET'
    this.asked.push(`${method} ${path}`)
    const fault = this.fault(method, path)
    if (fault === 'cut') throw new TypeError('no network')
    if (fault !== undefined) return answer(fault, { detail: 'The server says why.' })
    if (path === '/api/v1/videos') return this.list(query)
    const [id, verb] = path.replace('/api/v1/videos/', '').split('/')
    const video = this.videos.find((v) => v.id === id)
    if (!video) return answer(404, {})
    if (method === 'DELETE' && verb === 'forever') this.videos = this.videos.filter((v) => v !== video)
    else if (method === 'DELETE') video.deleted_at = '2026-11-23T10:00:00Z'
    if (verb === 'restore') delete video.deleted_at
    if (method === 'PATCH') Object.assign(video, JSON.parse(String(init.body)))
    return method === 'GET' ? answer(200, video) : answer(204)
  }

  private list(query: URLSearchParams): Response {
    const isTrash = query.get('trash') === 'true'
    const found = this.videos.filter((v) => (v.deleted_at !== undefined) === isTrash)
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Number(query.get('limit'))
    return answer(200, { items: found.slice(from, to), ...(to < found.length ? { next_cursor: String(to) } : {}) })
  }
}

function answer(status: number, json?: unknown): Response {
  return new Response(json === undefined ? null : JSON.stringify(json), { status })
}

/** Video number n of a list; a higher one is newer. */
function wireVideo(n: number, change: Wire = {}): Wire {
  const created_at = new Date(Date.UTC(2026, 10, 22, 16, 0, n)).toISOString()
  const shown = { title: `Update ${n}`, state: 'ready', warnings: [], progress: 1, improving: false }
  return { id: `v${n}`, ...shown, created_at, watch_url: `https://here.example/v/${n}`, ...change }
}

let server: FakeServer
let said: string[]
let list: VideoList
const page = new AbortController()
const library = { search: '', trash: false }

beforeEach(() => {
  server = new FakeServer()
  vi.stubGlobal('fetch', server.fetch)
  said = []
  list = new VideoList((sentence) => said.push(sentence), page.signal)
})
afterEach(() => vi.unstubAllGlobals())

const ids = (): string[] => list.videos.map(({ id }) => id)

function video(id: string) {
  const found = list.videos.find((v) => v.id === id)
  if (!found) throw new Error(`no ${id}`)
  return found
}

describe('the list of videos', () => {
  test('shows a page, and the next one behind it', async () => {
    server.videos = Array.from({ length: 70 }, (_, i) => wireVideo(70 - i))
    await list.show(library)
    expect([list.videos.length, list.status.at]).toEqual([50, 'shown'])
    await list.showMore()
    expect([list.videos.length, list.nextCursor]).toEqual([70, undefined])
    await list.showMore()
    expect(server.asked.length, 'requests').toBe(2)
  })

  test('says why it could not be loaded, and that somebody has to sign in', async () => {
    server.fault = () => 503
    await list.show(library)
    expect(list.status).toEqual({ at: 'failed', sentence: 'The server says why.' })
    server.fault = () => 401
    await list.show(library)
    expect(list.signedOut).toBe(true)
    server.fault = () => undefined
    await list.show(library)
    expect([list.status.at, list.signedOut]).toEqual(['shown', false])
  })

  test('says how many a search has found', async () => {
    server.videos = [wireVideo(1)]
    await list.show({ search: 'update', trash: false })
    server.videos = []
    await list.show({ search: 'update', trash: false })
    expect(said).toEqual(['1 found.', 'Nothing found.'])
  })

  test('keeps a row in its place after it went to the trash, with a way back', async () => {
    server.videos = [wireVideo(2), wireVideo(1)]
    await list.show(library)
    await list.trash(video('v2'))
    expect([ids(), list.moved.get('v2')]).toEqual([['v2', 'v1'], 'trashed'])
    await list.restore(video('v2'))
    expect([ids(), list.moved.size]).toEqual([['v2', 'v1'], 0])
    expect(said).toEqual(['Update 2: moved to the trash.', 'Update 2: restored.'])
  })

  test('leaves the row as it was when the server says no', async () => {
    server.videos = [wireVideo(1)]
    await list.show(library)
    server.fault = (method) => (method === 'DELETE' ? 500 : undefined)
    await expect(list.trash(video('v1'))).rejects.toThrow()
    expect([ids(), list.moved.size, said]).toEqual([['v1'], 0, []])
  })

  test('deletes for good what somebody else may have deleted already', async () => {
    server.videos = [wireVideo(1, { deleted_at: '2026-11-23T10:00:00Z' })]
    await list.show({ search: '', trash: true })
    const gone = video('v1')
    server.videos = []
    await list.forget(gone)
    expect(ids()).toEqual([])
    expect(said).toEqual(['Update 1: deleted for good.'])
  })

  test('renames, and shows what the server made of the title', async () => {
    server.videos = [wireVideo(1)]
    await list.show(library)
    await list.change(video('v1'), { title: 'Release' }, ({ title }) => `Renamed to ${title}.`)
    expect(video('v1').title).toBe('Release')
    expect(said).toEqual(['Renamed to Release.'])
  })

  test('reads a changed video once, however often it changed, and says what is news', async () => {
    server.videos = [wireVideo(1, { state: 'processing', progress: 0.5 })]
    await list.show(library)
    server.videos = [wireVideo(1)]
    const before = server.asked.length
    await Promise.all([list.reload('v1'), list.reload('v1'), list.reload('v1')])
    expect(server.asked.length - before, 'requests').toBe(1)
    expect(said).toEqual(['Update 1 can be watched now.'])
  })

  test('takes away what is gone, and adds what is new in its place', async () => {
    server.videos = [wireVideo(3), wireVideo(1)]
    await list.show(library)
    server.videos = [wireVideo(2), wireVideo(1)]
    await Promise.all([list.reload('v3'), list.reload('v2')])
    expect(ids()).toEqual(['v2', 'v1'])
  })
})
