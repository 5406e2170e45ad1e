// One take in the worker: each chunk is first stored on this device, then sent to the server.
import { backoffMs, ChunkUploader, type Progress } from './chunk-uploader'
import { sha256 } from './digest'
import type { Exchange } from './exchange'
import type { SpooledTake } from './spool/store'
import { type ChunkHead, type Heartbeat, type TakeMeta, type Totals, type TrackName, trackNames } from './track'

/**
 * With less free space than this, nothing more is written to the disk. New chunks stay in memory
 * until the server has them.
 */
const leastRoomBytes = 200e6

/** This much is kept in memory anyway, so that a chunk that is sent at once is not read back. */
const warmBytes = 16e6

/**
 * The largest chunk. A browser that slept may deliver minutes in one piece. The server accepts 16
 * MiB at most.
 */
const largestChunkBytes = 8 << 20

/** A goodbye that is on its way when a discard is undone has this long to arrive. */
const goodbyeMs = 2000

/** Where chunks are kept. Only the disk survives the end of the browser. */
export type Keeping = 'disk' | 'memory'

export type RecordedChunk = { track: TrackName; blob: Blob; spanMs: number; type: string }
export type TrackFile = { track: TrackName; blob: Blob }

/**
 * Network is how a take reaches the server. wait resolves after ms, or as soon as a retry makes
 * sense.
 */
export type Network = { exchange: Exchange; wait: (ms: number, signal: AbortSignal) => Promise<void> }

export type TakeUploadDeps = {
  network: Network
  /** Null if this device stores nothing. */
  spooled: SpooledTake | null
  /** An earlier page left the take behind, so the server may have more of it than this device. */
  adopted: boolean
  onProgress: (progress: Progress) => void
  onKeeping: (keeping: Keeping) => void
}

/** TakeUpload adds chunks one after another, in the order they come. */
export class TakeUpload {
  readonly uploader: ChunkUploader
  private readonly held = new Map<string, Uint8Array<ArrayBuffer>>()
  private heldBytes = 0
  /** Per track: what this device has, and how many chunks from the start the server has. */
  private readonly counts = { screen: noChunks(), camera: noChunks() }
  private keeping: Keeping = 'disk'
  private stop = new AbortController()
  /** The server could not say what it has of an adopted take. */
  private isUnknown = false
  private running: Promise<unknown> = Promise.resolve()
  private leaving = new AbortController()
  private goodbye: Promise<unknown> = Promise.resolve()
  private queue: Promise<unknown> = Promise.resolve()

  constructor(
    meta: TakeMeta,
    private readonly deps: TakeUploadDeps,
  ) {
    this.uploader = new ChunkUploader(meta, {
      ...deps.network,
      random: Math.random,
      read: async (track, n) => this.held.get(`${track}/${n}`) ?? (await this.deps.spooled?.read(track, n)),
      save: (now) => this.save(now),
      acknowledged: (head) => this.acknowledged(head),
      report: this.deps.onProgress,
    })
  }

  get meta(): TakeMeta {
    return this.uploader.meta
  }

  /** begin saves the data of a new take. */
  async begin(): Promise<void> {
    if (!this.deps.spooled) this.keepInMemory()
    await this.save(this.meta)
  }

  /** addSpooled takes over chunks that an earlier page stored here. */
  async addSpooled(heads: ChunkHead[]): Promise<void> {
    for (const head of heads) {
      this.count(head)
      this.uploader.add(head)
    }
    if (!this.meta.sealed) this.isUnknown = !(await this.uploader.adopt(this.stop.signal))
  }

  /**
   * mayBeOnServer: if this device has no chunks of a take, they may have gone straight to the
   * server. True while the server does not respond.
   */
  async mayBeOnServer(): Promise<boolean> {
    if (!this.meta.link) return false
    return (await this.uploader.hasChunksThere(this.stop.signal)) ?? true
  }

  /**
   * run uploads until the server has made a playable video, and then returns true. It returns false
   * if the take was stopped, or must be kept because the server lost or failed it.
   */
  run(): Promise<boolean> {
    const done = this.deliver(this.stop.signal)
    this.running = done.catch(() => undefined)
    return done
  }

  private async deliver(signal: AbortSignal): Promise<boolean> {
    await this.uploader.run(signal)
    for (let attempt = 4; !signal.aborted && this.meta.sealed; attempt++) {
      const state = await this.uploader.videoState(signal)
      if (state === 'ready') return true
      if (state === 'failed' || state === 'gone') return false
      await this.deps.network.wait(backoffMs(attempt, Math.random()), signal)
    }
    return false
  }

  addChunk(chunk: RecordedChunk): Promise<void> {
    return this.inTurn(() => this.keep(chunk))
  }

  heartbeat(heartbeat: Heartbeat): Promise<void> {
    return this.uploader.heartbeat(heartbeat)
  }

  /** finish says that no more chunks follow. */
  finish(): Promise<void> {
    return this.inTurn(async () =>
      this.uploader.finish(this.deps.adopted ? await this.uploader.countTotals(this.stop.signal) : this.totals()),
    )
  }

  /** retry continues after the uploader got stuck. True if run must be called again. */
  async retry(anew: boolean): Promise<boolean> {
    const wasSealed = this.meta.sealed
    await this.uploader.retry(anew)
    return anew && wasSealed
  }

  /** isNothing: there is not a chunk of it anywhere. */
  get isNothing(): boolean {
    return !this.uploader.hasChunks && !this.deps.adopted
  }

  /** isThere: the server has something of it, or may have: an adopted take may be all there. */
  get isThere(): boolean {
    return this.uploader.hasArrived || !this.uploader.hasChunks || (this.isUnknown && this.meta.link !== null)
  }

  /** discard ends run. The chunks stay on this device. */
  async discard(): Promise<void> {
    this.stop.abort()
    await this.running
    await this.inTurn(() => this.uploader.discard())
  }

  /** sayGoodbye tells the server of discard. False if restore was called meanwhile. */
  async sayGoodbye(): Promise<boolean> {
    const { leaving } = this
    if (this.meta.discarded === 'here') this.goodbye = this.uploader.sayGoodbye(leaving.signal)
    await this.goodbye
    return leaving === this.leaving
  }

  /** restore undoes discard. run must be called again. The server hears one after the other. */
  async restore(): Promise<void> {
    const { leaving, goodbye } = this
    this.leaving = new AbortController()
    await Promise.race([goodbye, this.deps.network.wait(goodbyeMs, leaving.signal)])
    leaving.abort()
    await goodbye
    this.stop = new AbortController()
    await this.uploader.takeBack()
  }

  /** files are this device's bytes of each track, as a copy to download. */
  async files(): Promise<TrackFile[]> {
    const files: TrackFile[] = []
    for (const track of trackNames) {
      const pieces = (await this.deps.spooled?.pieces(track)) ?? []
      if (pieces.length > 0) files.push({ track, blob: new Blob(pieces, { type: this.meta.types[track] ?? '' }) })
    }
    return files
  }

  /** close waits for pending writes, and closes the spool. */
  async close(): Promise<void> {
    await this.queue
    await this.deps.spooled?.close()
  }

  private async keep({ track, blob, spanMs, type }: RecordedChunk): Promise<void> {
    if (this.meta.types[track] !== type) {
      this.meta.types[track] = type
      await this.save(this.meta)
    }
    for (let at = 0; at < blob.size; at += largestChunkBytes) {
      const bytes = new Uint8Array(await blob.slice(at, at + largestChunkBytes).arrayBuffer())
      const head: ChunkHead = {
        track,
        n: this.counts[track].chunks,
        sizeBytes: bytes.length,
        spanMs: (spanMs * bytes.length) / blob.size,
        sha256: await sha256(bytes),
      }
      await this.store(head, bytes)
      this.count(head)
      this.uploader.add(head)
    }
  }

  /** store writes to the disk if there is space: the disk comes before the network. */
  private async store(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { spooled } = this.deps
    const isOnDisk = spooled !== null && this.keeping === 'disk' && (await this.write(spooled, head, bytes))
    if (!isOnDisk) this.keepInMemory()
    if (isOnDisk && this.heldBytes + bytes.length > warmBytes) return
    this.held.set(`${head.track}/${head.n}`, bytes)
    this.heldBytes += bytes.length
  }

  /**
   * Before it gives up the disk, write frees chunks that the server has. The browser only estimates
   * the free space, so a failed write counts as full too.
   */
  private async write(spooled: SpooledTake, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if ((await roomBytes()) >= leastRoomBytes && (await append(spooled, head, bytes))) return true
    for (const track of trackNames) await spooled.free(track, this.counts[track].safe)
    return (await roomBytes()) >= leastRoomBytes && append(spooled, head, bytes)
  }

  /** From now on everything stays in memory: chunks on the disk have no gaps. */
  private keepInMemory(): void {
    if (this.keeping === 'memory') return
    this.keeping = 'memory'
    this.deps.onKeeping('memory')
  }

  private acknowledged(head: ChunkHead): void {
    const key = `${head.track}/${head.n}`
    this.heldBytes -= this.held.get(key)?.length ?? 0
    this.held.delete(key)
    if (head.n === this.counts[head.track].safe) this.counts[head.track].safe++
  }

  private count(head: ChunkHead): void {
    this.counts[head.track].chunks = head.n + 1
    this.counts[head.track].bytes += head.sizeBytes
  }

  private totals(): Totals {
    const totals: Totals = {}
    for (const track of trackNames) {
      const { chunks, bytes } = this.counts[track]
      if (chunks > 0) totals[track] = { chunks, bytes }
    }
    return totals
  }

  private async save(meta: TakeMeta): Promise<void> {
    try {
      await this.deps.spooled?.writeMeta(meta)
    } catch {
      // the disk is full: the take goes on without it
    }
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.queue.then(work)
    this.queue = done.catch(() => undefined)
    return done
  }
}

function noChunks(): { chunks: number; bytes: number; safe: number } {
  return { chunks: 0, bytes: 0, safe: 0 }
}

async function append(spooled: SpooledTake, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await spooled.append(head, bytes)
    return true
  } catch {
    return false // the disk is full: memory has it
  }
}

async function roomBytes(): Promise<number> {
  try {
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate()
    return quota - usage
  } catch {
    return Number.POSITIVE_INFINITY // unknown: the write will tell
  }
}
