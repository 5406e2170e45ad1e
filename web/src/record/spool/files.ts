// Takes as files of the origin private file system (OPFS): the fastest way to get bytes to the
// disk, and not on the page's own thread.
import { parseTakeMeta } from '../take-meta'
import type { ChunkHead, TakeMeta, TrackName } from '../track'
import { trackNames } from '../track'
import { type Entry, encodeHead, headBytes, readJournal } from './journal'
import type { SpooledTake, SpoolStore } from './store'

const folderName = 'recordings'

/**
 * The chunks in one file, about a minute, so that space can be freed without touching files that
 * are still needed.
 */
const chunksPerFile = 32

/**
 * openFileSpool rejects if the browser has no such file system, or forbids it. Only workers can
 * write to it.
 */
export async function openFileSpool(): Promise<SpoolStore> {
  const root = await navigator.storage.getDirectory()
  const folder = await root.getDirectoryHandle(folderName, { create: true })
  if (typeof FileSystemFileHandle.prototype.createSyncAccessHandle !== 'function')
    throw new Error('no synchronous access to files')
  return new FileSpool(folder)
}

class FileSpool implements SpoolStore {
  readonly kind = 'files'

  constructor(private readonly folder: FileSystemDirectoryHandle) {}

  async ids(): Promise<string[]> {
    const ids: string[] = []
    for await (const [name, handle] of this.folder.entries()) if (handle.kind === 'directory') ids.push(name)
    return ids
  }

  async open(id: string): Promise<SpooledTake> {
    return new FileSpooledTake(await this.folder.getDirectoryHandle(id, { create: true }))
  }

  async remove(id: string): Promise<void> {
    try {
      await this.folder.removeEntry(id, { recursive: true })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** The current file of a track. */
type Open = { name: string; handle: FileSystemSyncAccessHandle; entries: Entry[]; sizeBytes: number }

class FileSpooledTake implements SpooledTake {
  private readonly open = new Map<TrackName, Open>()
  private turn = 0
  private writing: Promise<void> = Promise.resolve()
  private isClosed = false

  constructor(private readonly folder: FileSystemDirectoryHandle) {}

  async meta(): Promise<TakeMeta | undefined> {
    const [a, b] = await Promise.all([this.readTurn(0), this.readTurn(1)])
    const latest = a && b ? (a.turn > b.turn ? a : b) : (a ?? b)
    if (latest) this.turn = latest.turn
    return latest?.meta
  }

  /**
   * Two files in turn: if one of them is damaged, the other is good. One write after another,
   * because a file has one writer.
   */
  writeMeta(meta: TakeMeta): Promise<void> {
    const text = JSON.stringify(meta)
    const done = this.writing.then(() => this.writeTurn(text))
    this.writing = done.catch(() => undefined)
    return done
  }

  async append(head: ChunkHead, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const file = await this.fileFor(head)
    file.handle.write(encodeHead(head), { at: file.sizeBytes })
    const wrote = file.handle.write(bytes, { at: file.sizeBytes + headBytes })
    if (wrote !== bytes.length) throw new DOMException('the disk took only a part', 'QuotaExceededError')
    file.handle.flush()
    file.entries.push({ head, atBytes: file.sizeBytes + headBytes })
    file.sizeBytes += headBytes + bytes.length
  }

  async heads(): Promise<ChunkHead[]> {
    const heads: ChunkHead[] = []
    for (const track of trackNames) {
      for (const { entries } of await this.journals(track)) {
        const last = heads.at(-1)
        const first = entries[0]?.head
        if (first && last?.track === track && first.n !== last.n + 1) break
        heads.push(...entries.map((e) => e.head))
      }
    }
    return heads
  }

  async read(track: TrackName, n: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const name = fileName(track, n)
    const open = this.open.get(track)
    if (open?.name === name) {
      const entry = open.entries.find((e) => e.head.n === n)
      if (!entry) return undefined
      const bytes = new Uint8Array(entry.head.sizeBytes)
      return open.handle.read(bytes, { at: entry.atBytes }) === bytes.length ? bytes : undefined
    }
    const file = await this.fileNamed(name)
    if (!file) return undefined
    const entry = (await readJournal(readableOf(file), track, firstOf(n))).find((e) => e.head.n === n)
    return entry && new Uint8Array(await file.slice(entry.atBytes, entry.atBytes + entry.head.sizeBytes).arrayBuffer())
  }

  async pieces(track: TrackName): Promise<Blob[]> {
    const journals = await this.journals(track)
    return journals.flatMap(({ file, entries }) =>
      entries.map((e) => file.slice(e.atBytes, e.atBytes + e.head.sizeBytes)),
    )
  }

  async free(track: TrackName, beforeN: number): Promise<void> {
    for (const name of await this.names(track)) {
      if (firstIn(name) + chunksPerFile > beforeN) return
      await this.folder.removeEntry(name)
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.writing
    for (const { handle } of this.open.values()) handle.close()
    this.open.clear()
  }

  private async writeTurn(aboutJson: string): Promise<void> {
    if (this.isClosed) return
    this.turn++
    const handle = await this.handleOf(`about.${this.turn % 2}`)
    try {
      handle.truncate(0)
      handle.write(new TextEncoder().encode(`{"turn":${this.turn},"about":${aboutJson}}`), { at: 0 })
      handle.flush()
    } finally {
      handle.close()
    }
  }

  private async fileFor(head: ChunkHead): Promise<Open> {
    const name = fileName(head.track, head.n)
    const open = this.open.get(head.track)
    if (open?.name === name) return open
    open?.handle.close()
    this.open.delete(head.track)
    const handle = await this.handleOf(name)
    handle.truncate(0)
    const opened: Open = { name, handle, entries: [], sizeBytes: 0 }
    this.open.set(head.track, opened)
    return opened
  }

  private async handleOf(name: string): Promise<FileSystemSyncAccessHandle> {
    return (await this.folder.getFileHandle(name, { create: true })).createSyncAccessHandle()
  }

  private async journals(track: TrackName): Promise<{ file: File; entries: Entry[] }[]> {
    const found: { file: File; entries: Entry[] }[] = []
    for (const name of await this.names(track)) {
      const file = await this.fileNamed(name)
      if (file) found.push({ file, entries: await readJournal(readableOf(file), track, firstIn(name)) })
    }
    return found
  }

  private async names(track: TrackName): Promise<string[]> {
    const names: string[] = []
    for await (const name of this.folder.keys()) if (name.startsWith(`${track}.`)) names.push(name)
    return names.sort()
  }

  private async fileNamed(name: string): Promise<File | undefined> {
    try {
      return await (await this.folder.getFileHandle(name)).getFile()
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  private async readTurn(n: number): Promise<{ turn: number; meta: TakeMeta } | undefined> {
    const file = await this.fileNamed(`about.${n}`)
    if (!file) return undefined
    try {
      const json = JSON.parse(await file.text())
      const meta = parseTakeMeta(json.about)
      return meta && { turn: Number(json.turn), meta }
    } catch {
      return undefined // damaged
    }
  }
}

function firstOf(n: number): number {
  return n - (n % chunksPerFile)
}

function fileName(track: TrackName, n: number): string {
  return `${track}.${String(firstOf(n)).padStart(8, '0')}`
}

function firstIn(name: string): number {
  return Number(name.slice(name.indexOf('.') + 1))
}

function readableOf(file: File): {
  sizeBytes: number
  read(at: number, length: number): Promise<Uint8Array<ArrayBuffer>>
} {
  return {
    sizeBytes: file.size,
    read: async (at, length) => new Uint8Array(await file.slice(at, at + length).arrayBuffer()),
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError'
}
