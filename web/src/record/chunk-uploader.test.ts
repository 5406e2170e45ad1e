import { describe, expect, test } from 'vitest'
import { ChunkUploader, type Progress } from './chunk-uploader'
import { sha256 } from './digest'
import { FakeServer } from './server.test-data'
import { newTakeMeta } from './take-meta'
import type { ChunkHead, TakeMeta } from './track'

type Trip = {
  uploader: ChunkUploader
  progress: () => Progress
  saved: () => TakeMeta
  waits: number[]
  page: AbortController
}

/** Whether this device still has a chunk. */
type ReadFake = (n: number) => boolean

/** An uploader with chunks of one byte each, and waits that take no time but are counted. */
async function trip(
  server: FakeServer,
  screen: number,
  camera = 0,
  meta = newTakeMeta('t1', 'u', 'Title', {}, 1000),
  patientMs = 30_000,
  has: ReadFake = () => true,
): Promise<Trip> {
  const waits: number[] = []
  const page = new AbortController()
  let last: Progress | undefined
  let saved = structuredClone(meta)
  const uploader = new ChunkUploader(meta, {
    exchange: server.exchange,
    wait: async (ms, signal) => {
      if (ms >= patientMs)
        // the time between heartbeats
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      else waits.push(ms)
      await new Promise((resolve) => setTimeout(resolve))
    },
    random: () => 0.5,
    read: async (track, n) => (has(n) ? bytesOf(track, n) : undefined),
    save: async (a) => {
      saved = structuredClone(a)
    },
    acknowledged: () => undefined,
    report: (p) => {
      last = p
    },
  })
  for (let n = 0; n < screen; n++) uploader.add(await headOf('screen', n))
  for (let n = 0; n < camera; n++) uploader.add(await headOf('camera', n))
  return { uploader, progress: () => last ?? uploader.progress(), saved: () => saved, waits, page }
}

function bytesOf(track: string, n: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${track} ${n}`)
}

async function headOf(track: 'screen' | 'camera', n: number): Promise<ChunkHead> {
  const bytes = bytesOf(track, n)
  return { track, n, sizeBytes: bytes.length, spanMs: 2000, sha256: await sha256(bytes) }
}

async function send(t: Trip, screen: number, camera = 0): Promise<void> {
  const total = (chunks: number) => ({ chunks, bytes: chunks })
  await t.uploader.finish({ screen: total(screen), ...(camera ? { camera: total(camera) } : {}) })
  await t.uploader.run(t.page.signal)
}

describe('the uploader', () => {
  test('sends two tracks in order, two chunks at a time, and seals', async () => {
    const server = new FakeServer()
    const t = await trip(server, 5, 3)
    await send(t, 5, 3)
    expect(server.puts().filter((p) => p.startsWith('screen'))).toEqual(
      [0, 1, 2, 3, 4].map((n) => `screen/chunks/${n}`),
    )
    expect(server.mostFlying).toBeLessThanOrEqual(3) // two chunks and a heartbeat
    expect(server.chunks.size).toBe(8)
    expect(t.progress()).toMatchObject({
      sealed: true,
      safeMs: 10_000,
      waitingMs: 0,
      watchUrl: '/v/w1',
      problem: { at: 'none' },
    })
    expect(t.saved()).toMatchObject({ sealed: true, link: { uploadUrl: '/api/v1/uploads/u1' } })
  })

  const faults: { name: string; fault: FakeServer['fault'] }[] = [
    { name: 'a quarter of the requests is cut', fault: (_, n) => (n % 4 === 0 ? 'cut' : undefined) },
    { name: 'every third answer is lost', fault: (_, n) => (n % 3 === 0 ? 'lost' : undefined) },
    { name: 'the first two answers are lost', fault: (_, n) => (n < 3 ? 'lost' : undefined) },
    {
      name: 'the server is away, overloaded, and back',
      fault: (r, n) => (r.method === 'PUT' && n < 9 ? 503 : undefined),
    },
    { name: 'a proxy says 429 and 408', fault: (_, n) => ([2, 3].includes(n) ? 429 : n === 4 ? 408 : undefined) },
    {
      name: 'the disk of the server is full for a while',
      fault: (r, n) => (r.method === 'PUT' && n < 7 ? 507 : undefined),
    },
  ]
  test.each(faults)('brings every chunk there once: $name', async ({ fault }) => {
    const server = new FakeServer()
    server.fault = fault
    const t = await trip(server, 12, 6)
    await send(t, 12, 6)
    expect([server.next('screen'), server.next('camera')]).toEqual([12, 6])
    expect(server.created).toBe(1)
    expect(t.progress().sealed).toBe(true)
    expect(t.waits.length).toBeGreaterThan(0)
    expect(Math.max(...t.waits)).toBeLessThanOrEqual(4000)
  })

  test('says what is in the way while it waits', async () => {
    const server = new FakeServer()
    let isCut = true
    server.fault = (r) => (isCut && r.method === 'PUT' ? 'cut' : undefined)
    const t = await trip(server, 3)
    const sent = send(t, 3)
    await expect.poll(() => t.progress().problem).toMatchObject({ at: 'away', because: 'network' })
    expect(t.progress()).toMatchObject({ safeMs: 0, waitingMs: 6000 })
    isCut = false
    await sent
    expect(t.progress().problem).toEqual({ at: 'none' })
  })

  test('does not sit out the time between two tries when the recording is stopped', async () => {
    const server = new FakeServer()
    let isCut = true
    server.fault = (r) => (isCut && r.method === 'PUT' ? 'cut' : undefined)
    const t = await trip(server, 3, 0, undefined, 50) // only a signal ends waits
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => t.progress().problem.at).toBe('away')
    isCut = false
    await t.uploader.finish({ screen: { chunks: 3, bytes: 3 } })
    await sent
    expect(t.progress().sealed).toBe(true)
  })

  test('what is said of a take while a heartbeat is on its way is told, and before it is sealed', async () => {
    const server = new FakeServer()
    const t = await trip(server, 1)
    const offsets: (number | undefined)[] = []
    let later = 0
    server.fault = (r) => {
      if (!r.path.endsWith('/heartbeat')) return undefined
      offsets.push((r.json as { camera_offset_ms?: number }).camera_offset_ms)
      // the camera begins
      if (later === 0) void t.uploader.heartbeat({ state: 'recording', pauses: [], cameraOffsetMs: ++later })
      return undefined
    }
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => offsets).toEqual([undefined, 1])
    server.fault = (r) => {
      if (!r.path.endsWith('/heartbeat')) return undefined
      offsets.push((r.json as { camera_offset_ms?: number }).camera_offset_ms)
      return offsets.length === 3 ? 'cut' : undefined
    }
    await t.uploader.heartbeat({ state: 'recording', pauses: [], cameraOffsetMs: 2 })
    await expect.poll(() => offsets.length).toBe(3)
    await t.uploader.finish({ screen: { chunks: 1, bytes: 1 } })
    await sent
    expect(offsets).toEqual([undefined, 1, 2, 2])
    expect(server.log.at(-1)).toMatch(/complete$/)
  })

  test('gets a new token from the session when the old one has ended, for both lanes at once', async () => {
    const server = new FakeServer()
    const t = await trip(server, 6)
    server.fault = (r, n) => {
      if (n === 3) server.token = 'up_2'
      return r.path.endsWith('/heartbeat') ? 'cut' : undefined
    }
    await send(t, 6)
    expect(server.log.filter((line) => line.endsWith('/upload-token'))).toHaveLength(1)
    expect(t.saved().link?.token).toBe('up_2')
    expect(server.next('screen')).toBe(6)
  })

  test('waits for somebody to sign in when the session has ended, too', async () => {
    const server = new FakeServer()
    server.session = false
    const t = await trip(server, 2)
    const sent = send(t, 2)
    await expect.poll(() => t.progress().problem.at).toBe('signed-out')
    server.session = true
    await sent
    expect(t.progress().sealed).toBe(true)
  })

  test('stops at other bytes under the same number, and can begin another video with all it has', async () => {
    const server = new FakeServer()
    const t = await trip(server, 3)
    server.fault = (r) => {
      if (r.method === 'PUT' && server.created === 1) server.chunks.set('screen/1', 'sha-256=:other:')
      return undefined
    }
    const sent = send(t, 3)
    await expect.poll(() => t.progress().problem).toMatchObject({ at: 'stuck', why: 'conflict' })
    expect(t.progress().sealed).toBe(false)
    await t.uploader.retry(true)
    await sent
    expect(server.created).toBe(2)
    expect(server.next('screen')).toBe(3)
    // all chunks were sent again, although the server did not ask
    expect(server.log.filter((line) => line.endsWith('/complete'))).toHaveLength(1)
    expect(t.progress()).toMatchObject({ sealed: true, watchUrl: '/v/w2' })
  })

  test('a link that was taken away leaves the take here', async () => {
    const server = new FakeServer()
    server.fault = (r) => (r.method === 'PUT' ? 404 : undefined)
    const t = await trip(server, 2)
    const sent = send(t, 2)
    await expect.poll(() => t.progress().problem).toMatchObject({ at: 'stuck', why: 'gone' })
    expect(t.progress().waitingMs).toBe(4000)
    t.page.abort()
    await sent
  })

  test('sends again what was harmed on the way (422)', async () => {
    const server = new FakeServer()
    server.fault = (r, n) => (r.method === 'PUT' && n < 6 ? 422 : undefined)
    const t = await trip(server, 2)
    await send(t, 2)
    expect(server.next('screen')).toBe(2)
  })

  test('sends what is missing when the server does not agree at the end', async () => {
    const server = new FakeServer()
    const t = await trip(server, 4)
    let isFirst = true
    server.fault = (r) => {
      if (r.path.endsWith('/complete') && isFirst) {
        server.chunks.delete('screen/2') // it lost one
        isFirst = false
      }
      return undefined
    }
    await send(t, 4)
    expect(server.puts()).toEqual([0, 1, 2, 3, 2, 3].map((n) => `screen/chunks/${n}`))
    expect(t.progress().sealed).toBe(true)
  })

  test('a take that an earlier page left behind goes on where the server stands', async () => {
    const server = new FakeServer()
    const first = await trip(server, 3)
    const sent = first.uploader.run(first.page.signal)
    await expect.poll(() => first.progress().safeMs).toBe(6000)
    first.page.abort()
    await sent

    server.log.length = 0
    const later = await trip(server, 5, 0, first.saved())
    expect(await later.uploader.adopt(later.page.signal)).toBe(true)
    expect(await later.uploader.hasChunksThere(later.page.signal)).toBe(true)
    expect(later.progress()).toMatchObject({ safeMs: 6000, waitingMs: 4000, takenMs: 10_000 })
    const totals = await later.uploader.countTotals(later.page.signal)
    expect(totals.screen?.chunks).toBe(5)
    await later.uploader.finish(totals)
    await later.uploader.run(later.page.signal)
    expect(server.puts()).toEqual(['screen/chunks/3', 'screen/chunks/4'])
    expect(server.created).toBe(1)
    expect(later.progress().sealed).toBe(true)
  })

  const discarded: {
    name: string
    screen: number
    fault?: FakeServer['fault']
    prepare?: (s: FakeServer) => void
    videos: number
  }[] = [
    { name: 'what is there stays, and the rest follows', screen: 3, videos: 1 },
    {
      name: 'the network goes, and comes back',
      screen: 3,
      fault: (_, n) => (n % 3 === 0 ? 'cut' : undefined),
      videos: 1,
    },
    { name: 'answers are lost', screen: 3, fault: (_, n) => (n % 3 === 0 ? 'lost' : undefined), videos: 1 },
    { name: 'nothing of it ever arrived', screen: 0, videos: 2 },
    { name: 'it was deleted for good meanwhile', screen: 3, prepare: (s) => (s.purged = true), videos: 2 },
  ]
  test.each(discarded)('a discarded take comes back whole: $name', async ({ screen, fault, prepare, videos }) => {
    const server = new FakeServer()
    const t = await trip(server, screen)
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => [t.progress().safeMs, t.progress().videoId]).toEqual([2000 * screen, 'v1'])
    t.page.abort()
    await sent
    await t.uploader.discard()
    expect(t.saved().discarded).toBe('here')
    if (fault) server.fault = fault
    await t.uploader.sayGoodbye(new AbortController().signal)
    expect(server.trashed).toBe(true)
    expect(t.saved().discarded).toBe('there')

    prepare?.(server)
    for (const n of [screen, screen + 1]) t.uploader.add(await headOf('screen', n))
    await t.uploader.takeBack()
    expect(t.saved().discarded).toBe('undone')
    await t.uploader.run(new AbortController().signal)
    expect(server.next('screen')).toBe(screen + 2)
    expect(server.created).toBe(videos)
    expect(server.trashed).toBe(false)
    expect(t.progress()).toMatchObject({ sealed: true, watchUrl: `/v/w${videos}`, problem: { at: 'none' } })
    expect(t.saved()).toMatchObject({ discarded: 'no', totals: { screen: { chunks: screen + 2 } } })
  })

  test('an undone discard waits for somebody to sign in, and another page goes on with it', async () => {
    const server = new FakeServer()
    const t = await trip(server, 2)
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => t.progress().safeMs).toBe(4000)
    t.page.abort()
    await sent
    await t.uploader.discard()
    await t.uploader.sayGoodbye(new AbortController().signal)
    server.session = false
    await t.uploader.takeBack()
    const [page, next] = [new AbortController(), await trip(server, 2, 0, t.saved())]
    const waiting = t.uploader.run(page.signal)
    await expect.poll(() => t.progress().problem.at).toBe('signed-out')
    page.abort()
    await waiting
    server.session = true
    await next.uploader.run(next.page.signal)
    expect(next.progress().sealed).toBe(true)
    expect(server.created).toBe(1)
  })

  /** A take that was discarded after two chunks had arrived; read gives what this device has. */
  async function discardedTake(server: FakeServer, read?: ReadFake): Promise<Trip> {
    const t = await trip(server, 2, 0, undefined, undefined, read)
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => t.progress().safeMs).toBe(4000)
    t.page.abort()
    await sent
    await t.uploader.discard()
    await t.uploader.sayGoodbye(new AbortController().signal)
    await t.uploader.takeBack()
    return t
  }

  test('an undone discard waits until its workspace is open again', async () => {
    const server = new FakeServer()
    const t = await discardedTake(server)
    server.elsewhere = true
    const sent = t.uploader.run(new AbortController().signal)
    await expect.poll(() => t.progress().problem).toMatchObject({ at: 'stuck', why: 'elsewhere' })
    expect(t.saved().link?.uploadUrl).toBe('/api/v1/uploads/u1')
    server.elsewhere = false
    await sent
    expect([t.progress().sealed, server.created, server.trashed]).toEqual([true, 1, false])
    expect(t.progress().problem).toEqual({ at: 'none' })
  })

  test('where another workspace is open, it can be sent as a new video all the same', async () => {
    const server = new FakeServer()
    const t = await discardedTake(server)
    server.elsewhere = true
    const sent = t.uploader.run(new AbortController().signal)
    await expect.poll(() => t.progress().problem.at).toBe('stuck')
    await t.uploader.retry(true)
    await sent
    expect([t.progress().sealed, server.created, server.next('screen')]).toEqual([true, 2, 2])
  })

  test('a take that is gone for good keeps its link if this device has not all of it', async () => {
    const server = new FakeServer()
    let isFreed = false
    const t = await discardedTake(server, (n) => n > 0 || !isFreed)
    isFreed = true
    server.purged = true
    const page = new AbortController()
    const sent = t.uploader.run(page.signal)
    await expect.poll(() => t.progress().problem).toMatchObject({ at: 'stuck', why: 'damaged' })
    expect(t.saved().link?.uploadUrl).toBe('/api/v1/uploads/u1')
    expect(server.created).toBe(1)
    page.abort()
    await sent
  })

  const goodbyes: { status: number; ofVideo?: number; discarded: string }[] = [
    { status: 404, discarded: 'there' },
    { status: 410, discarded: 'there' },
    { status: 403, discarded: 'here' },
    { status: 405, discarded: 'here' },
    { status: 409, discarded: 'there' }, // complete: its video goes to the trash
    { status: 409, ofVideo: 404, discarded: 'here' }, // in another workspace, as far as one can see
  ]
  test.each(goodbyes)(
    'a goodbye that is answered by $status, $ofVideo leaves the take $discarded',
    async ({ status, ofVideo, discarded }) => {
      const server = new FakeServer()
      const t = await trip(server, 1)
      const sent = t.uploader.run(t.page.signal)
      await expect.poll(() => t.progress().safeMs).toBe(2000)
      t.page.abort()
      await sent
      server.fault = (r) => {
        if (r.method !== 'DELETE') return undefined
        return r.path.startsWith('/api/v1/uploads/') ? status : ofVideo
      }
      await t.uploader.discard()
      await t.uploader.sayGoodbye(new AbortController().signal)
      expect(t.saved().discarded).toBe(discarded)
      expect(server.trashed).toBe(status === 409 && discarded === 'there')

      await t.uploader.takeBack()
      server.fault = () => undefined
      await t.uploader.run(new AbortController().signal)
      expect([t.progress().sealed, server.trashed, server.created]).toEqual([true, false, 1])
    },
  )

  test('a goodbye that never gets through ends with the page, and is remembered', async () => {
    const server = new FakeServer()
    const t = await trip(server, 1)
    const sent = t.uploader.run(t.page.signal)
    await expect.poll(() => t.progress().safeMs).toBe(2000)
    t.page.abort()
    await sent
    server.fault = () => 'cut'
    await t.uploader.discard()
    const page = new AbortController()
    const said = t.uploader.sayGoodbye(page.signal)
    await expect.poll(() => t.waits.length).toBeGreaterThan(2)
    page.abort()
    await said
    expect(t.saved().discarded).toBe('here')
    expect(server.log.at(-1)).toBe('DELETE /api/v1/uploads/u1')
  })
})
