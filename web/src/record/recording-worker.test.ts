import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RecordingWorker, type WorkerEvent } from './recording-worker'
import { FakeServer } from './server.test-data'
import { FakeSpool } from './spool.test-data'
import { newTakeMeta } from './take-meta'

/** Locks as a browser has them, for one test: a name has one holder. */
class FakeLocks {
  readonly held = new Set<string>()

  async request(name: string, _: unknown, work: (granted: object | null) => unknown): Promise<void> {
    if (this.held.has(name)) {
      await work(null)
      return
    }
    this.held.add(name)
    await work({ name })
    this.held.delete(name)
  }
}

type Page = { worker: RecordingWorker; events: WorkerEvent[]; close: () => void }

const server = (): FakeServer => new FakeServer()
const lockOf = 'meanwhile.take.t1'
let locks: FakeLocks

beforeEach(() => {
  locks = new FakeLocks()
  vi.stubGlobal('navigator', { locks, storage: { estimate: async () => ({ quota: 1e12, usage: 0 }) } })
})
afterEach(() => vi.unstubAllGlobals())

/** A page's worker; close ends its network, as the end of the page does. */
function pageOn(at: FakeServer, spool: FakeSpool | null): Page {
  const events: WorkerEvent[] = []
  const end = new AbortController()
  const never = new Promise<never>(() => {})
  const worker = new RecordingWorker(
    async () => spool,
    (event) => events.push(event),
    {
      exchange: (request, signal) => (end.signal.aborted ? never : at.exchange(request, signal)),
      wait: (ms, signal) =>
        new Promise((resolve) => {
          if (ms < 10_000) setTimeout(resolve)
          signal.addEventListener('abort', () => resolve())
          if (signal.aborted) resolve()
        }),
    },
  )
  return { worker, events, close: () => end.abort() }
}

async function record(page: Page, sizes: number[], id = 't1'): Promise<void> {
  await page.worker.handle({ command: 'begin', meta: newTakeMeta(id, 'ada', 'Release', {}, 1000) })
  for (const size of sizes) await chunk(page, size, id)
}

async function chunk(page: Page, size: number, id = 't1'): Promise<void> {
  const blob = new Blob([new Uint8Array(size)])
  await page.worker.handle({ command: 'chunk', id, track: 'screen', blob, spanMs: 2000, type: 'video/webm' })
}

/** What the page was told about discarded takes. */
function wheres(page: Page): string[] {
  return page.events.flatMap((e) => (e.event === 'discarded' ? e.where : []))
}

function last<E extends WorkerEvent['event']>(page: Page, event: E): Extract<WorkerEvent, { event: E }> | undefined {
  return page.events.findLast((e): e is Extract<WorkerEvent, { event: E }> => e.event === event)
}

describe('the worker of recordings', () => {
  test('keeps each chunk here, sends it, and forgets the take once it plays', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    await record(page, [3, 4])
    expect(spool.takes.get('t1')?.chunks.map(({ head }) => [head.n, head.sizeBytes])).toEqual([
      [0, 3],
      [1, 4],
    ])
    await page.worker.handle({ command: 'finish', id: 't1' })
    await expect.poll(() => last(page, 'over')?.how).toBe('ready')
    expect(at.next('screen')).toBe(2)
    expect(at.sealed).toBe(true)
    expect(spool.takes.size, 'takes that are still here').toBe(0)
    expect(locks.held.size, 'locks').toBe(0)
  })

  test('cuts a piece that is larger than the server takes', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    await record(page, [(8 << 20) + 5])
    const heads = spool.takes.get('t1')?.chunks.map(({ head }) => head) ?? []
    expect(heads.map(({ sizeBytes }) => sizeBytes)).toEqual([8 << 20, 5])
    expect(heads.reduce((sum, { spanMs }) => sum + spanMs, 0)).toBeCloseTo(2000)
  })

  test('holds chunks in memory where the disk is full, or there is none, and says so', async () => {
    const full = new FakeSpool()
    ;(await full.open('t1')).room = 1
    for (const spool of [full, null]) {
      locks.held.clear()
      const at = server()
      const here = pageOn(at, spool)
      await record(here, [3, 4, 5])
      await expect.poll(() => at.next('screen')).toBe(3)
      expect(last(here, 'keeping')?.keeping).toBe('memory')
      here.close()
    }
  })

  test('takes over what another page left behind, and only of the same person', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    at.fault = () => 'cut' // the first page has no network
    const first = pageOn(at, spool)
    await record(first, [3, 4])
    first.close()
    locks.held.clear() // the browser gives back what a page held

    const other = pageOn(at, spool)
    await other.worker.handle({ command: 'find', userId: 'ben' })
    expect(other.events).toEqual([])

    at.fault = () => undefined
    const next = pageOn(at, spool)
    await next.worker.handle({ command: 'find', userId: 'ada' })
    expect(last(next, 'found')?.meta.title).toBe('Release')
    await next.worker.handle({ command: 'finish', id: 't1' })
    await expect.poll(() => last(next, 'over')?.how).toBe('ready')
    expect(at.next('screen')).toBe(2)
  })

  test('leaves a take alone that another tab works on', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const first = pageOn(at, spool)
    await record(first, [3])
    expect(locks.held.has(lockOf)).toBe(true)
    const second = pageOn(at, spool)
    await second.worker.handle({ command: 'find', userId: 'ada' })
    expect(second.events).toEqual([])
    first.close()
  })

  test('a discarded take goes to the trash, stays here, and comes back whole', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    await record(page, [3])
    await expect.poll(() => at.next('screen')).toBe(1)
    at.fault = (r) => (r.method === 'PUT' ? 'cut' : undefined)
    await chunk(page, 4)
    await page.worker.handle({ command: 'cancel', id: 't1' })
    expect(wheres(page)).toEqual(['leaving', 'trash'])
    expect(last(page, 'discarded')?.progress, 'what had arrived').toMatchObject({ safeMs: 2000, waitingBytes: 4 })
    expect(at.trashed).toBe(true)
    expect(spool.takes.get('t1')?.chunks.length).toBe(2)
    expect(spool.takes.get('t1')?.kept?.discarded).toBe('there')
    expect(locks.held.has(lockOf)).toBe(true)

    at.fault = () => undefined
    await page.worker.handle({ command: 'restore', id: 't1' })
    await expect.poll(() => last(page, 'over')?.how).toBe('ready')
    expect([at.trashed, at.sealed, at.next('screen'), at.created]).toEqual([false, true, 2, 1])
    expect(spool.takes.size).toBe(0)
    expect(locks.held.size, 'locks').toBe(0)
  })

  test('a discarded take that the server refuses stays here, and the next page tells it again', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    for (const id of ['t1', 't2']) {
      await record(page, [3], id)
      await expect.poll(() => at.next('screen')).toBe(1)
      at.fault = (r) => (r.method === 'DELETE' ? 405 : undefined)
      await page.worker.handle({ command: 'cancel', id })
      at.fault = () => undefined
    }
    expect(wheres(page)).toEqual(['leaving', 'refused', 'leaving', 'refused'])
    expect([...spool.takes.keys()], 'takes that are still here').toEqual(['t1', 't2'])
    page.close()
    locks.held.clear()

    const next = pageOn(at, spool)
    await next.worker.handle({ command: 'find', userId: 'ada' })
    await expect.poll(() => spool.takes.size).toBe(0)
    expect(at.trashed).toBe(true)
  })

  test('a discarded take of which the server has nothing is only here, and can be sent all the same', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    at.fault = () => 'cut'
    const page = pageOn(at, spool)
    await record(page, [3, 4])
    const cancelled = page.worker.handle({ command: 'cancel', id: 't1' })
    await cancelled
    expect(wheres(page)).toEqual(['device'])
    at.fault = () => undefined
    await page.worker.handle({ command: 'restore', id: 't1' })
    await expect.poll(() => last(page, 'over')?.how).toBe('ready')
    expect(at.next('screen')).toBe(2)
  })

  test('undone before the server knew: both are told, one after the other', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    await record(page, [3])
    await expect.poll(() => at.next('screen')).toBe(1)
    at.fault = (r) => (r.method === 'DELETE' ? 'lost' : undefined) // it arrives
    const cancelled = page.worker.handle({ command: 'cancel', id: 't1' })
    await expect.poll(() => at.trashed).toBe(true)
    await page.worker.handle({ command: 'restore', id: 't1' })
    await cancelled
    await expect.poll(() => last(page, 'over')?.how).toBe('ready')
    expect(at.trashed).toBe(false)
  })

  test('keeps only the last discarded take, and none without a chunk', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const page = pageOn(at, spool)
    for (const [id, sizes] of Object.entries({ t1: [3], t2: [], t3: [4] })) {
      await record(page, sizes, id)
      await expect.poll(() => at.next('screen')).toBe(sizes.length)
      await page.worker.handle({ command: 'cancel', id })
      await expect.poll(() => at.trashed, { message: id }).toBe(true)
      if (id === 't2') expect([...spool.takes.keys()], 'after an empty one').toEqual(['t1'])
    }
    expect([...spool.takes.keys()]).toEqual(['t3'])
    expect(page.events.filter((e) => e.event === 'over').map(({ id }) => id)).toEqual(['t2', 't1'])
    expect(at.created).toBe(3)
    await page.worker.handle({ command: 'restore', id: 't1' })
    expect(at.trashed, 'the last one').toBe(true)
  })

  test('the next page finishes a discard, and tells the server only what it does not know', async () => {
    for (const isKnown of [true, false]) {
      const [at, spool] = [server(), new FakeSpool()]
      const first = pageOn(at, spool)
      await record(first, [3])
      await expect.poll(() => at.next('screen')).toBe(1)
      if (!isKnown) at.fault = (r) => (r.method === 'DELETE' ? 'cut' : undefined)
      const cancelled = first.worker.handle({ command: 'cancel', id: 't1' })
      await expect.poll(() => at.log.filter((line) => line.startsWith('DELETE')).length).toBeGreaterThan(0)
      if (isKnown) await cancelled
      first.close()
      locks.held.clear()

      at.fault = () => undefined
      at.log.length = 0
      const next = pageOn(at, spool)
      await next.worker.handle({ command: 'find', userId: 'ada' })
      await expect.poll(() => spool.takes.size).toBe(0)
      expect(last(next, 'found'), 'an offer').toBeUndefined()
      expect(at.log).toEqual(isKnown ? [] : ['DELETE /api/v1/uploads/u1'])
      expect(at.trashed).toBe(true)
      locks.held.clear()
    }
  })

  test('the next page goes on with a discard that was undone', async () => {
    const [at, spool] = [server(), new FakeSpool()]
    const first = pageOn(at, spool)
    await record(first, [3, 4])
    await expect.poll(() => at.next('screen')).toBe(2)
    await first.worker.handle({ command: 'cancel', id: 't1' })
    at.fault = () => 'cut'
    await first.worker.handle({ command: 'restore', id: 't1' })
    expect(spool.takes.get('t1')?.kept?.discarded).toBe('undone')
    first.close()
    locks.held.clear()

    at.fault = () => undefined
    const next = pageOn(at, spool)
    await next.worker.handle({ command: 'find', userId: 'ada' })
    await expect.poll(() => last(next, 'over')?.how).toBe('ready')
    expect([at.trashed, at.sealed]).toEqual([false, true])
  })

  test('gives a copy of what is here', async () => {
    const page = pageOn(server(), new FakeSpool())
    await record(page, [3, 4])
    await page.worker.handle({ command: 'copy', id: 't1' })
    expect(last(page, 'copy')?.files.map(({ track, blob }) => [track, blob.size, blob.type])).toEqual([
      ['screen', 7, 'video/webm'],
    ])
    page.close()
  })
})
