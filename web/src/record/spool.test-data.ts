// A spool store in memory, as tests need it.
import type { SpooledTake, SpoolStore } from './spool/store'
import type { ChunkHead, TakeMeta, TrackName } from './track'

type Chunk = { head: ChunkHead; bytes: Uint8Array<ArrayBuffer> }

export class FakeSpool implements SpoolStore {
  readonly kind = 'database'
  readonly takes = new Map<string, FakeSpooledTake>()

  async ids(): Promise<string[]> {
    return [...this.takes.keys()]
  }

  async open(id: string): Promise<FakeSpooledTake> {
    const take = this.takes.get(id) ?? new FakeSpooledTake()
    this.takes.set(id, take)
    return take
  }

  async remove(id: string): Promise<void> {
    this.takes.delete(id)
  }
}

export class FakeSpooledTake implements SpooledTake {
  chunks: Chunk[] = []
  kept: TakeMeta | undefined
  /** So many chunks fit; the next one is refused, as by a full disk. */
  room = Number.POSITIVE_INFINITY

  async meta(): Promise<TakeMeta | undefined> {
    return structuredClone(this.kept)
  }

  async writeMeta(meta: TakeMeta): Promise<void> {
    this.kept = structuredClone(meta)
  }

  async append(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.chunks.length >= this.room) throw new DOMException('full', 'QuotaExceededError')
    this.chunks.push({ head, bytes })
  }

  async heads(): Promise<ChunkHead[]> {
    return this.chunks.map(({ head }) => head)
  }

  async read(track: TrackName, n: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.chunks.find(({ head }) => head.track === track && head.n === n)?.bytes
  }

  async pieces(track: TrackName): Promise<Blob[]> {
    return this.chunks.filter(({ head }) => head.track === track).map(({ bytes }) => new Blob([bytes]))
  }

  async free(): Promise<void> {}

  async close(): Promise<void> {}
}
