// What this browser remembers of uploads that are not finished, so that choosing the same file
// again goes on where the server stands. tus-js-client's own URL storage is not used: it knows
// neither the watch link nor the owner, and it forgets an upload on any 4xx answer, an ended
// session among them.
import type { Link } from './upload'

export type Entry = Link & {
  /**
   * Tells one file from another without reading it: name, type, size and last change, as tus
   * clients do.
   */
  fingerprint: string
  fileName: string
  sizeBytes: number
  /** Whose upload it is: a browser may be shared. */
  userId: string
  /** A page that works on it promises to be back by then; 0 once it has gone. */
  aliveUntilMs: number
}

const prefix = 'meanwhile.upload.'

/**
 * How long a page is believed to be at work after its last sign. Timers of hidden tabs run once a
 * minute.
 */
export const aliveMs = 90_000

export function fingerprintOf(file: Pick<File, 'name' | 'type' | 'size' | 'lastModified'>): string {
  return [file.name, file.type, file.size, file.lastModified].join('|')
}

/**
 * Ledger keeps one entry for each upload under its own key, so that two tabs do not write over each
 * other. Where the browser has no storage (or it is full) it remembers nothing, and uploads go on
 * without.
 */
export class Ledger {
  constructor(
    private readonly storage: Storage,
    private readonly userId: string,
  ) {}

  /** all lists the user's unfinished uploads. */
  all(): Entry[] {
    const entries: Entry[] = []
    for (let i = 0; i < this.storage.length; i++) {
      const entry = this.read(this.storage.key(i))
      if (entry) entries.push(entry)
    }
    return entries
  }

  find(fingerprint: string): Entry | null {
    return this.read(this.keyOf(fingerprint))
  }

  put(entry: Omit<Entry, 'userId'>): void {
    try {
      this.storage.setItem(this.keyOf(entry.fingerprint), JSON.stringify({ ...entry, userId: this.userId }))
    } catch {
      // Full or forbidden: the upload itself does not need it.
    }
  }

  /** touch says until when this page is at work on it; 0 gives it free. */
  touch(fingerprint: string, aliveUntilMs: number): void {
    const entry = this.find(fingerprint)
    if (entry) this.put({ ...entry, aliveUntilMs })
  }

  remove(fingerprint: string): void {
    this.storage.removeItem(this.keyOf(fingerprint))
  }

  private keyOf(fingerprint: string): string {
    return `${prefix}${this.userId}.${fingerprint}`
  }

  private read(key: string | null): Entry | null {
    if (!key?.startsWith(`${prefix}${this.userId}.`)) return null
    try {
      return entryFrom(JSON.parse(this.storage.getItem(key) ?? 'null'))
    } catch {
      return null
    }
  }
}

function entryFrom(x: unknown): Entry | null {
  if (typeof x !== 'object' || x === null) return null
  const e = x as Record<keyof Entry, unknown>
  const texts = [e.fingerprint, e.fileName, e.userId, e.videoId, e.watchUrl, e.uploadUrl]
  const numbers = [e.sizeBytes, e.aliveUntilMs]
  if (!texts.every((t) => typeof t === 'string') || !numbers.every(Number.isFinite)) return null
  return x as Entry
}
