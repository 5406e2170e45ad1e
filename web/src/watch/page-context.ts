// What the parts of the conversation share.
import type { MwPlayer } from '../player/player'
import type { SafeStorage } from '../ui/safe-storage'
import type { Conversation } from './conversation'
import type { Drafts } from './drafts'
import type { Guest } from './guest'

export interface PageContext {
  token: string
  userName: string | undefined // of a signed-in reader; a guest otherwise
  canComment: boolean
  owner: boolean // approves what is held
  authorName: string // of the video
  player: MwPlayer
  conversation: Conversation
  drafts: Drafts
  guest: Guest
  keep: SafeStorage
  announce(sentence: string): void
  /**
   * The conversation has changed here: draw it, and make sure that nothing of others is missing.
   */
  changed(): void
  signal: AbortSignal
}

/** Jumps, keeps playing or pausing as it is, and brings the player into view where it is not. */
export function jump(player: MwPlayer, ms: number): void {
  player.seek(ms)
  player.scrollIntoView({ block: 'nearest' })
}
