// Shared by the parts of the conversation.
import type { MwPlayer } from '../player/player'
import type { SafeStorage } from '../ui/safe-storage'
import type { Conversation } from './conversation'
import type { Drafts } from './drafts'
import type { Guest } from './guest'

export interface PageContext {
  token: string
  userName: string | undefined // signed-in reader; undefined for a guest
  canComment: boolean
  owner: boolean // approves held comments
  authorName: string // of the video
  player: MwPlayer
  conversation: Conversation
  drafts: Drafts
  guest: Guest
  keep: SafeStorage
  announce(sentence: string): void
  /**
   * The conversation has changed here: draw it, and make sure that no comments of others are
   * missing.
   */
  changed(): void
  signal: AbortSignal
}

/** Seeks, keeps the playing state, and scrolls the player into view if needed. */
export function jump(player: MwPlayer, ms: number): void {
  player.seek(ms)
  player.scrollIntoView({ block: 'nearest' })
}
