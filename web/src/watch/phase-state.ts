// What is shown in place of the player, from the link's state.
import type { SharedVideo } from '../api/shared-video'

/**
 * Why an open page shows nothing now: its owner moved the video to the trash here, or the link no
 * longer lets this reader in.
 */
export type Gone = 'gone' | 'trashed'

export type Phase =
  | { at: 'playable' }
  | { at: 'uploading'; percent: number }
  | { at: 'processing'; percent: number }
  | { at: 'recording' }
  | { at: 'failed'; sentence: string }
  | { at: Gone }

export function phaseOf(shared: SharedVideo): Phase {
  if (shared.sources.length > 0 || shared.hls !== undefined) return { at: 'playable' }
  switch (shared.state) {
    case 'recording':
      return { at: 'recording' }
    case 'uploading':
      return { at: 'uploading', percent: percentOf(shared.progress) }
    case 'processing':
    case 'ready': // published, and its sources are a moment behind
      return { at: 'processing', percent: percentOf(shared.progress) }
    case 'failed':
      return { at: 'failed', sentence: shared.failure ?? 'This video could not be processed.' }
    default:
      return never(shared.state)
  }
}

/** Only finished work is 100 %. */
export function percentOf(progress: number): number {
  return Math.max(0, Math.min(99, Math.floor(progress * 100)))
}

export interface Words {
  lead: string
  progress: string | undefined // the bar's label
  small: string
}

export function wordsFor(phase: Exclude<Phase, { at: 'playable' }>, owner: boolean): Words {
  switch (phase.at) {
    case 'recording':
      return {
        lead: 'It is being recorded right now',
        progress: undefined,
        small: 'It appears here with its first seconds, with no need to reload.',
      }
    case 'uploading':
      return {
        lead: `Still on its way to the server${percentText(phase.percent)}`,
        progress: 'Upload',
        small: 'It appears here when it has arrived, with no need to reload.',
      }
    case 'processing':
      return {
        lead: `Getting it ready to play${percentText(phase.percent)}`,
        progress: 'Getting it ready to play',
        small: 'It appears here the moment it can play, with no need to reload.',
      }
    case 'failed':
      return {
        lead: phase.sentence,
        progress: undefined,
        // what has become of the original, the sentence says
        small: owner ? '' : 'Its owner can try again. If that works, it will play here.',
      }
    case 'trashed':
      return {
        lead: 'This update is in the trash',
        progress: undefined,
        small: 'Its link shows nothing until you bring it back.',
      }
    case 'gone':
      return {
        lead: 'This link has ended or changed',
        progress: undefined,
        small: owner
          ? 'It was revoked, it has expired, or the update is in the trash.'
          : 'Load the page again. If the link does not open, ask whoever sent it for a new one.',
      }
    default:
      return never(phase)
  }
}

function percentText(percent: number): string {
  return percent > 0 ? `: ${percent} %` : ''
}

function never(value: never): never {
  throw new Error(`unknown state ${JSON.stringify(value)}`)
}
