// One take in the worker: each of its chunks goes to this device first, then to the server.
import { waitForNetwork } from '../api/retry'
import { backoffMs, ChunkUploader, type Progress } from './chunk-uploader'
import { sha256 } from './digest'
import { exchange } from './exchange'
import type { SpooledTake } from './spool/store'
import { type ChunkHead, type Heartbeat, type TakeMeta, type Totals, type TrackName, trackNames } from './track'

/**
 * With less room than this, nothing more is written to the disk: new chunks stay in memory until
 * the server has them.
 */
const leastRoomBytes = 200e6

/** This much is held in memory anyway, so that a chunk that goes out at once is not read back. */
const warmBytes = 16e6

/**
 * The largest chunk. A browser that slept may hand over minutes in one piece. The server takes
 * 16 MiB at most.
 */
const largestChunkBytes = 8 << 20

/** A discarded take waits this long for the server. After that, silence ends it there as well. */
const goodbyeMs = 10_000

/** Where chunks are kept. Only the disk survives the end of the browser. */
export type Keeping = 'disk' | 'memory'

export type RecordedChunk = { track: TrackName; blob: Blob; spanMs: number; type: string }
export type TrackFile = { track: TrackName; blob: Blob }

export type TakeUploadDeps = {
  /** Null where this device keeps nothing. */
  spooled: SpooledTake | null
  /** An earlier page left the take behind: the server may have more of it than this device. */
  adopted: boolean
  onProgress: (progress: Progress) => void
  onKeeping: (keeping: Keeping) => void
}

/** TakeUpload takes its chunks one after another, in the order in which they came. */
export class TakeUpload {
  readonly uploader: ChunkUploader
  private readonly held = new Map<string, Uint8Array<ArrayBuffer>>()
  private heldBytes = 0
  /** Per track: what this device has, and how many chunks from the start the server has. */
  private readonly counts = { screen: noChunks(), camera: noChunks() }
  private keeping: Keeping = 'disk'
  private readonly stop = new AbortController()
  private queue: Promise<unknown> = Promise.resolve()

  constructor(
    meta: TakeMeta,
    private readonly deps: TakeUploadDeps,
  ) {
    this.uploader = new ChunkUploader(meta, {
      exchange,
      wait: waitForNetwork,
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

  /** begin saves what is known of a new take. */
  async begin(): Promise<void> {
    if (!this.deps.spooled) this.keepInMemory()
    await this.save(this.meta)
  }

  /** addSpooled takes over chunks that an earlier page kept here. */
  async addSpooled(heads: ChunkHead[]): Promise<void> {
    for (const head of heads) {
      this.count(head)
      this.uploader.add(head)
    }
    if (!this.meta.sealed) await this.uploader.adopt(this.stop.signal)
  }

  /**
   * mayBeOnServer: chunks of a take that this device has nothing of may have gone straight to the
   * server. True while the server does not answer.
   */
  async mayBeOnServer(): Promise<boolean> {
    if (!this.meta.link) return false
    return (await this.uploader.hasChunksThere(this.stop.signal)) ?? true
  }

  /**
   * run uploads until the server has made a video that plays. True then; false when the take was
   * stopped, or is worth keeping because the server lost or failed it.
   */
  async run(): Promise<boolean> {
    const { signal } = this.stop
    await this.uploader.run(signal)
    for (let attempt = 4; !signal.aborted && this.meta.sealed; attempt++) {
      const state = await this.uploader.videoState(signal)
      if (state === 'ready') return true
      if (state === 'failed' || state === 'gone') return false
      await waitForNetwork(backoffMs(attempt, Math.random()), signal)
    }
    return false
  }

  addChunk(chunk: RecordedChunk): Promise<void> {
    return this.inTurn(() => this.keep(chunk))
  }

  heartbeat(heartbeat: Heartbeat): Promise<void> {
    return this.uploader.heartbeat(heartbeat)
  }

  /** finish says that no chunk follows those that were added. */
  finish(): Promise<void> {
    return this.inTurn(async () =>
      this.uploader.finish(this.deps.adopted ? await this.uploader.countTotals(this.stop.signal) : this.totals()),
    )
  }

  /** retry goes on after the uploader got stuck. True when run has to be called again. */
  async retry(anew: boolean): Promise<boolean> {
    const wasSealed = this.meta.sealed
    await this.uploader.retry(anew)
    return anew && wasSealed
  }

  /** discard deletes on the server what is there of it. */
  async discard(): Promise<void> {
    this.stop.abort()
    const goodbye = AbortSignal.timeout(goodbyeMs)
    await Promise.race([this.uploader.cancel(goodbye), waitForNetwork(goodbyeMs, goodbye)])
  }

  /** files are what this device has of each track, as a copy to download. */
  async files(): Promise<TrackFile[]> {
    const files: TrackFile[] = []
    for (const track of trackNames) {
      const pieces = (await this.deps.spooled?.pieces(track)) ?? []
      if (pieces.length > 0) files.push({ track, blob: new Blob(pieces, { type: this.meta.types[track] ?? '' }) })
    }
    return files
  }

  /** close waits for chunks that are being written, and closes the spool. */
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

  /** store writes to the disk where there is room: the disk comes before the network. */
  private async store(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { spooled } = this.deps
    const isOnDisk = spooled !== null && this.keeping === 'disk' && (await this.write(spooled, head, bytes))
    if (!isOnDisk) this.keepInMemory()
    if (isOnDisk && this.heldBytes + bytes.length > warmBytes) return
    this.held.set(`${head.track}/${head.n}`, bytes)
    this.heldBytes += bytes.length
  }

  /**
   * write frees what the server has before it gives up the disk. The browser only guesses how much
   * room there is, so a refused write counts as well.
   */
  private async write(spooled: SpooledTake, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if ((await roomBytes()) >= leastRoomBytes && (await append(spooled, head, bytes))) return true
    for (const track of trackNames) await spooled.free(track, this.counts[track].safe)
    return (await roomBytes()) >= leastRoomBytes && append(spooled, head, bytes)
  }

  /** From here on everything stays in memory: chunks on the disk have no gaps. */
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
      // the disk is full: the take goes on without
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
    return false // the disk is full: memory holds it
  }
}

async function roomBytes(): Promise<number> {
  try {
    const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate()
    return quota - usage
  } catch {
    return Number.POSITIVE_INFINITY // unknown: the write will show
  }
}
