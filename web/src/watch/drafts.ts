// Text that was written and not sent yet, kept on this device for each link: the comment, each
// reply, each edit.
import type { SafeStorage } from '../ui/safe-storage'

export interface Draft {
  body: string
  atMs?: number // its position, if already fixed
}

/** Which field a draft belongs to. */
export type DraftPlace = 'new' | `reply:${string}` | `edit:${string}`

export class Drafts {
  readonly #keep: SafeStorage
  readonly #key: string
  readonly #drafts: Map<string, Draft>

  constructor(keep: SafeStorage, token: string) {
    this.#keep = keep
    this.#key = `meanwhile:drafts:${token}`
    this.#drafts = readDrafts(keep.get(this.#key))
  }

  get(place: DraftPlace): Draft | undefined {
    return this.#drafts.get(place)
  }

  /** Keeps a draft. An empty one is removed. False if it will not survive a reload. */
  set(place: DraftPlace, draft: Draft): boolean {
    if (draft.body.trim() === '') return this.forget(place)
    this.#drafts.set(place, draft)
    return this.#save()
  }

  forget(place: DraftPlace): boolean {
    if (!this.#drafts.delete(place)) return true
    return this.#save()
  }

  places(): string[] {
    return [...this.#drafts.keys()]
  }

  #save(): boolean {
    if (this.#drafts.size > 0) return this.#keep.set(this.#key, JSON.stringify(Object.fromEntries(this.#drafts)))
    this.#keep.remove(this.#key)
    return true
  }
}

/** Reads drafts of an earlier page, and ignores anything that is not a draft. */
function readDrafts(kept: string | undefined): Map<string, Draft> {
  const drafts = new Map<string, Draft>()
  for (const [place, value] of Object.entries(parseRecord(kept))) {
    if (typeof value !== 'object' || value === null || !('body' in value) || typeof value.body !== 'string') continue
    const draft: Draft = { body: value.body }
    if ('atMs' in value && typeof value.atMs === 'number') draft.atMs = value.atMs
    drafts.set(place, draft)
  }
  return drafts
}

export function parseRecord(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
