// What this browser remembers of unfinished uploads, so that choosing the same file again continues
// at the server's offset. We do not use tus-js-client's own URL storage: it knows neither the watch
// link nor the owner, and it forgets an upload on any 4xx response, even when the session has
// ended.
import type { Link } from './upload'

export type Entry = Link & {
  /** Identifies a file without reading it: name, type, size and last change, as tus clients do. */
  fingerprint: string
  fileName: string
  sizeBytes: number
  /** The upload's user: a browser may be shared. */
  userId: string
  /** The page that works on it will renew this before that time; 0 once the page is gone. */
  aliveUntilMs: number
}

const prefix = 'meanwhile.upload.'

/**
 * How long after its last sign a page counts as working. Timers of hidden tabs run once a minute.
 */
export const aliveMs = 90_000

export function fingerprintOf(file: Pick<File, 'name' | 'type' | 'size' | 'lastModified'>): string {
  return [file.name, file.type, file.size, file.lastModified].join('|')
}

/**
 * Ledger keeps one entry for each upload under its own key, so that two tabs do not overwrite each
 * other. If the browser has no storage (or it is full), it remembers nothing, and uploads still
 * work.
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

  /** touch sets until when this page works on it; 0 releases it. */
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
