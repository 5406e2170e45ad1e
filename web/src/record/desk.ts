// The worker's side of recording: keeps each chunk on this device before it goes out, and has a
// courier for every take.
import { waitForNetwork } from '../api/retry'
import { backoffMs, Courier, type Progress } from './courier'
import { sha256 } from './digest'
import { exchange } from './exchange'
import type { Shelf, Take } from './spool/shelf'
import { type About, type Beat, type ChunkHead, type Tallies, type TrackName, trackNames } from './track'

/**
 * Below this there is no writing to the disk any more: what comes is held in memory until the
 * server has it.
 */
const leastRoomBytes = 200e6

/** So much is held in memory anyway, so that what goes out at once need not be read back. */
const warmBytes = 16e6

/**
 * A chunk is at most so large: a browser that slept may hand over minutes in one piece. The
 * server's bound is 16 MiB.
 */
const largestChunkBytes = 8 << 20

export type ToDesk =
  | { ask: 'begin'; about: About }
  | { ask: 'chunk'; id: string; track: TrackName; blob: Blob; spanMs: number; type: string }
  | { ask: 'beat'; id: string; beat: Beat }
  | { ask: 'finish'; id: string }
  | { ask: 'cancel'; id: string }
  | { ask: 'retry'; id: string; anew: boolean }
  | { ask: 'copy'; id: string }
  | { ask: 'find'; userId: string }

/** Keeping: where chunks go. Only disk survives the end of the browser. */
export type Keeping = 'disk' | 'memory'

export type FromDesk =
  | { say: 'progress'; id: string; progress: Progress }
  | { say: 'keeping'; id: string; keeping: Keeping }
  | { say: 'found'; id: string; about: About; progress: Progress }
  | { say: 'copy'; id: string; files: { track: TrackName; blob: Blob }[] }
  | { say: 'over'; id: string; how: 'ready' | 'cancelled' }

type Case = {
  courier: Courier
  take: Take | null
  held: Map<string, Uint8Array<ArrayBuffer>>
  heldBytes: number
  /** What was kept of each track here, and how many chunks from its beginning the server has. */
  counts: Record<TrackName, { chunks: number; bytes: number; safe: number }>
  /** An earlier page left it behind: the server may have more of it than this device. */
  adopted: boolean
  keeping: Keeping
  stop: AbortController
  /** Chunks are taken one after another, in the order in which they came. */
  turn: Promise<unknown>
  unlock: () => void
}

export class Desk {
  private readonly cases = new Map<string, Case>()
  private opening: Promise<void> = Promise.resolve()
  private shelf: Promise<Shelf | null> | undefined

  /** openShelf answers null where this browser keeps nothing: takes are then held in memory. */
  constructor(
    private readonly openShelf: () => Promise<Shelf | null>,
    private readonly tell: (message: FromDesk) => void,
  ) {}

  /** take handles one message. */
  async take(message: ToDesk): Promise<void> {
    if (message.ask === 'find') return this.find(message.userId)
    if (message.ask === 'begin') {
      this.opening = this.opening.then(() => this.begin(message.about))
      return this.opening
    }
    await this.opening // chunks may come before the place for them is open
    const found = this.cases.get(message.id)
    if (!found) return
    switch (message.ask) {
      case 'chunk':
        return this.inTurn(found, () => this.keep(found, message))
      case 'beat':
        return found.courier.beat(message.beat)
      case 'finish':
        return this.inTurn(found, () => this.finish(found))
      case 'cancel':
        return this.cancel(message.id, found)
      case 'retry':
        return this.retry(found, message.anew)
      case 'copy':
        return this.copy(message.id, found)
      default:
        return never(message)
    }
  }

  private async begin(about: About): Promise<void> {
    const unlock = await lock(about.id)
    if (!unlock) return
    const made = this.makeCase(about, await this.place(about.id), unlock, false)
    if (!made.take) this.keepIn(about.id, made, 'memory')
    await this.save(made, about)
    void this.run(about.id, made)
  }

  /**
   * find takes over what other pages left behind: of this user, and of nobody who is still at work
   * on it.
   */
  private async find(userId: string): Promise<void> {
    const shelf = await this.places()
    for (const id of (await shelf?.ids()) ?? []) {
      const unlock = this.cases.has(id) ? undefined : await lock(id)
      if (!shelf || !unlock) continue
      // another day it may be readable
      const taken = await this.adopt(shelf, id, userId, unlock).catch(() => false)
      if (!taken) unlock()
    }
  }

  private async adopt(shelf: Shelf, id: string, userId: string, unlock: () => void): Promise<boolean> {
    const take = await shelf.open(id)
    const about = await take.about()
    const heads = await take.heads()
    if (!about) {
      if (heads.length === 0) await shelf.remove(id)
      return false
    }
    if (about.userId !== userId) return false
    const found = this.makeCase(about, take, unlock, true)
    if (heads.length === 0 && !(await this.isWorthKeeping(found))) {
      await this.cancel(id, found) // nothing was recorded: its link leads nowhere
      return true
    }
    for (const head of heads) {
      this.count(found, head)
      found.courier.add(head)
    }
    if (!about.sealed) await found.courier.adopt(found.stop.signal)
    if (!about.sealed) this.tell({ say: 'found', id, about, progress: found.courier.progress() })
    void this.run(id, found)
    return true
  }

  /**
   * A take of which nothing is here may have gone straight to the server. While nobody answers, it
   * is kept.
   */
  private async isWorthKeeping(c: Case): Promise<boolean> {
    if (!c.courier.about.link) return false
    return (await c.courier.hasChunksThere(c.stop.signal)) ?? true
  }

  private makeCase(about: About, take: Take | null, unlock: () => void, adopted: boolean): Case {
    const none = () => ({ chunks: 0, bytes: 0, safe: 0 })
    const made: Case = {
      take,
      held: new Map(),
      heldBytes: 0,
      counts: { screen: none(), camera: none() },
      adopted,
      keeping: 'disk',
      stop: new AbortController(),
      turn: Promise.resolve(),
      unlock,
      courier: new Courier(about, {
        exchange,
        wait: waitForNetwork,
        random: Math.random,
        read: async (track, n) => made.held.get(`${track}/${n}`) ?? (await take?.read(track, n)),
        save: (now) => this.save(made, now),
        acknowledged: (head) => this.acknowledged(made, head),
        report: (progress) => this.tell({ say: 'progress', id: about.id, progress }),
      }),
    }
    this.cases.set(about.id, made)
    return made
  }

  /**
   * run brings the take to the server, and forgets it here once the server has made something that
   * plays.
   */
  private async run(id: string, c: Case): Promise<void> {
    const { signal } = c.stop
    await c.courier.run(signal)
    for (let attempt = 4; !signal.aborted && c.courier.about.sealed; attempt++) {
      const state = await c.courier.videoState(signal)
      if (state === 'ready') return this.close(id, c, 'ready')
      // the take is worth keeping: it is offered again
      if (state === 'failed' || state === 'gone') return
      await waitForNetwork(backoffMs(attempt, Math.random()), signal)
    }
  }

  private async keep(c: Case, { track, blob, spanMs, type }: Extract<ToDesk, { ask: 'chunk' }>): Promise<void> {
    const { about } = c.courier
    if (about.types[track] !== type) {
      about.types[track] = type
      await this.save(c, about)
    }
    for (let at = 0; at < blob.size; at += largestChunkBytes) {
      const part = blob.slice(at, at + largestChunkBytes)
      const bytes = new Uint8Array(await part.arrayBuffer())
      const n = c.counts[track].chunks
      const head: ChunkHead = {
        track,
        n,
        sizeBytes: bytes.length,
        spanMs: (spanMs * bytes.length) / blob.size,
        sha256: await sha256(bytes),
      }
      await this.store(c, head, bytes)
      this.count(c, head)
      c.courier.add(head)
    }
  }

  /** store writes to the disk where there is room; the disk comes before the network. */
  private async store(c: Case, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const isKept = c.take !== null && c.keeping === 'disk' && (await this.write(c, c.take, head, bytes))
    if (!isKept) this.keepIn(c.courier.about.id, c, 'memory')
    if (isKept && c.heldBytes + bytes.length > warmBytes) return
    c.held.set(`${head.track}/${head.n}`, bytes)
    c.heldBytes += bytes.length
  }

  /**
   * write gives up what the server has already, before it gives up the disk. What the browser says
   * of its room may be a guess, so a refused write counts as well.
   */
  private async write(c: Case, take: Take, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if ((await roomBytes()) >= leastRoomBytes && (await append(take, head, bytes))) return true
    for (const track of trackNames) await take.free(track, c.counts[track].safe)
    return (await roomBytes()) >= leastRoomBytes && append(take, head, bytes)
  }

  /** A take that has begun in memory stays there: chunks on the disk have no gaps. */
  private keepIn(id: string, c: Case, keeping: Keeping): void {
    if (c.keeping === keeping) return
    c.keeping = keeping
    this.tell({ say: 'keeping', id, keeping })
  }

  private acknowledged(c: Case, head: ChunkHead): void {
    const key = `${head.track}/${head.n}`
    c.heldBytes -= c.held.get(key)?.length ?? 0
    c.held.delete(key)
    if (head.n === c.counts[head.track].safe) c.counts[head.track].safe++
  }

  private count(c: Case, head: ChunkHead): void {
    c.counts[head.track].chunks = head.n + 1
    c.counts[head.track].bytes += head.sizeBytes
  }

  private async finish(c: Case): Promise<void> {
    await c.courier.finish(c.adopted ? await c.courier.talliesThere(c.stop.signal) : talliesOf(c))
  }

  private async cancel(id: string, c: Case): Promise<void> {
    c.stop.abort()
    const goodbye = AbortSignal.timeout(10_000) // silence ends it on the server, too
    await Promise.race([c.courier.cancel(goodbye), waitForNetwork(10_000, goodbye)])
    await this.close(id, c, 'cancelled')
  }

  private async retry(c: Case, anew: boolean): Promise<void> {
    const { about } = c.courier
    const isOver = about.sealed
    await c.courier.retry(anew)
    if (anew && isOver) void this.run(about.id, c)
  }

  private async copy(id: string, c: Case): Promise<void> {
    const files: { track: TrackName; blob: Blob }[] = []
    for (const track of trackNames) {
      const pieces = (await c.take?.pieces(track)) ?? []
      if (pieces.length > 0) files.push({ track, blob: new Blob(pieces, { type: c.courier.about.types[track] ?? '' }) })
    }
    this.tell({ say: 'copy', id, files })
  }

  private async close(id: string, c: Case, how: 'ready' | 'cancelled'): Promise<void> {
    this.cases.delete(id)
    await c.turn
    await c.take?.close()
    try {
      await (await this.places())?.remove(id)
    } catch {
      // something still holds a file of it: the next page that looks finds the take again
    }
    c.unlock()
    this.tell({ say: 'over', id, how })
  }

  private async save(c: Case, about: About): Promise<void> {
    try {
      await c.take?.writeAbout(about)
    } catch {
      // a full disk: the take goes on without
    }
  }

  private inTurn(c: Case, work: () => Promise<void>): Promise<void> {
    const done = c.turn.then(work)
    c.turn = done.catch(() => undefined)
    return done
  }

  /** place makes a place for a take; null where there is no room even for that. */
  private async place(id: string): Promise<Take | null> {
    try {
      return (await (await this.places())?.open(id)) ?? null
    } catch {
      return null
    }
  }

  private places(): Promise<Shelf | null> {
    this.shelf ??= this.openShelf()
    return this.shelf
  }
}

async function append(take: Take, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await take.append(head, bytes)
    return true
  } catch {
    return false // full: memory holds it
  }
}

function talliesOf(c: Case): Tallies {
  const tallies: Tallies = {}
  for (const track of trackNames) {
    const { chunks, bytes } = c.counts[track]
    if (chunks > 0) tallies[track] = { chunks, bytes }
  }
  return tallies
}

async function roomBytes(): Promise<number> {
  try {
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate()
    return quota - usage
  } catch {
    return Number.POSITIVE_INFINITY // nobody knows: writing will tell
  }
}

/**
 * lock keeps two tabs from one take. Undefined when another one has it; the answer gives it back.
 */
function lock(id: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(`meanwhile.take.${id}`, { ifAvailable: true }, (granted) => {
      if (!granted) return resolve(undefined)
      return new Promise<void>((release) => resolve(release))
    })
    held.catch(() => resolve(undefined))
  })
}

function never(x: never): never {
  throw new Error(`unexpected ${JSON.stringify(x)}`)
}
