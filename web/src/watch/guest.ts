// What this device knows about a guest: the name, and the edit tokens of their comments.
import type { SafeStorage } from '../ui/safe-storage'
import { parseRecord } from './drafts'

const NAME_KEY = 'meanwhile:name'
const PAUSE_KEY = 'meanwhile:pause-while-writing'

export class Guest {
  readonly #keep: SafeStorage
  readonly #tokensKey: string

  constructor(keep: SafeStorage, shareToken: string) {
    this.#keep = keep
    this.#tokensKey = `meanwhile:edit:${shareToken}`
  }

  get name(): string {
    return this.#keep.get(NAME_KEY) ?? ''
  }

  set name(name: string) {
    this.#keep.set(NAME_KEY, name)
  }

  editToken(commentId: string): string | undefined {
    const token = this.#tokens()[commentId]
    return typeof token === 'string' ? token : undefined
  }

  /** Read again each time: another tab of the same person may have written meanwhile. */
  keepEditToken(commentId: string, token: string): void {
    this.#keep.set(this.#tokensKey, JSON.stringify({ ...this.#tokens(), [commentId]: token }))
  }

  /** The ids of this device's comments on the link, the latest last. */
  written(): string[] {
    return Object.keys(this.#tokens())
  }

  #tokens(): Record<string, unknown> {
    return parseRecord(this.#keep.get(this.#tokensKey))
  }
}

/** Whether the video pauses when somebody begins to write: yes, unless they turn it off. */
export function readPauseChoice(keep: SafeStorage): boolean {
  return keep.get(PAUSE_KEY) !== 'no'
}

export function keepPauseChoice(keep: SafeStorage, pause: boolean): void {
  keep.set(PAUSE_KEY, pause ? 'yes' : 'no')
}
