// Takes in IndexedDB, for browsers where pages have no file system. Strict durability: a chunk is
// on the disk when append resolves.
import { parseTakeMeta } from '../take-meta'
import type { ChunkHead, TakeMeta, TrackName } from '../track'
import { trackNames } from '../track'
import type { SpooledTake, SpoolStore } from './store'

const databaseName = 'meanwhile-recordings'

type Row = { head: ChunkHead; bytes: Blob | ArrayBuffer }

/** openDatabaseSpool rejects if the browser forbids databases, as some do in private windows. */
export async function openDatabaseSpool(factory: IDBFactory = indexedDB): Promise<SpoolStore> {
  const request = factory.open(databaseName, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore('abouts')
    request.result.createObjectStore('chunks')
  }
  return new DatabaseSpool(await settled(request))
}

class DatabaseSpool implements SpoolStore {
  readonly kind = 'database'

  constructor(private readonly db: IDBDatabase) {}

  async ids(): Promise<string[]> {
    const keys = await settled(this.db.transaction('abouts').objectStore('abouts').getAllKeys())
    return keys.filter((key) => typeof key === 'string')
  }

  async open(id: string): Promise<SpooledTake> {
    return new DatabaseSpooledTake(this.db, id)
  }

  async remove(id: string): Promise<void> {
    const tx = this.db.transaction(['abouts', 'chunks'], 'readwrite')
    tx.objectStore('abouts').delete(id)
    tx.objectStore('chunks').delete(IDBKeyRange.bound([id], [id, []]))
    await committed(tx)
  }
}

class DatabaseSpooledTake implements SpooledTake {
  constructor(
    private readonly db: IDBDatabase,
    private readonly id: string,
  ) {}

  async meta(): Promise<TakeMeta | undefined> {
    return parseTakeMeta(await settled(this.db.transaction('abouts').objectStore('abouts').get(this.id)))
  }

  async writeMeta(meta: TakeMeta): Promise<void> {
    const tx = this.db.transaction('abouts', 'readwrite', { durability: 'strict' })
    tx.objectStore('abouts').put(meta, this.id)
    await committed(tx)
  }

  async append(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const tx = this.db.transaction('chunks', 'readwrite', { durability: 'strict' })
    const row: Row = { head, bytes: bytes.slice().buffer }
    tx.objectStore('chunks').put(row, [this.id, head.track, head.n])
    await committed(tx)
  }

  async heads(): Promise<ChunkHead[]> {
    const heads: ChunkHead[] = []
    for (const track of trackNames) {
      let want: number | undefined
      for (const { head } of await this.rows(track)) {
        if (want !== undefined && head.n !== want) break
        heads.push(head)
        want = head.n + 1
      }
    }
    return heads
  }

  async read(track: TrackName, n: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const row: Row | undefined = await settled(this.chunks().get([this.id, track, n]))
    return row && new Uint8Array(await new Blob([row.bytes]).arrayBuffer())
  }

  async pieces(track: TrackName): Promise<Blob[]> {
    return (await this.rows(track)).map((row) => new Blob([row.bytes]))
  }

  async free(track: TrackName, beforeN: number): Promise<void> {
    const tx = this.db.transaction('chunks', 'readwrite')
    tx.objectStore('chunks').delete(IDBKeyRange.bound([this.id, track, 0], [this.id, track, beforeN], false, true))
    await committed(tx)
  }

  async close(): Promise<void> {}

  private chunks(): IDBObjectStore {
    return this.db.transaction('chunks').objectStore('chunks')
  }

  private rows(track: TrackName): Promise<Row[]> {
    return settled(
      this.chunks().getAll(IDBKeyRange.bound([this.id, track, 0], [this.id, track, Number.MAX_SAFE_INTEGER])),
    )
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function committed(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error)
    tx.onerror = () => reject(tx.error)
  })
}
