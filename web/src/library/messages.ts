// What a video of the library says about itself, in words.
import type { Video } from '../api/videos'
import { sizeWords } from '../upload/messages'

export type Tone = 'plain' | 'warn'

/** stateWords is the state of a video, and whether it needs attention. */
export function stateWords(v: Video): { text: string; tone: Tone } {
  switch (v.state) {
    case 'recording':
      return { text: 'Recording', tone: 'plain' }
    case 'uploading':
      return { text: uploadingWords(v), tone: 'plain' }
    case 'processing':
      return { text: `Processing ${whole(v.progress)} %`, tone: 'plain' }
    case 'ready':
      return {
        text: v.improving ? `Playable now · making a version for every device ${whole(v.progress)} %` : 'Ready',
        tone: 'plain',
      }
    case 'failed':
      return { text: v.failure ?? 'This video could not be processed.', tone: 'warn' }
    default: {
      const unexpected: never = v.state
      return unexpected
    }
  }
}

/** stoppedWords is for an upload that this browser began and that waits for its file. */
export function stoppedWords(v: Video): { text: string; tone: Tone } {
  const part = v.lengthBytes ? `Stopped at ${whole(v.uploadedBytes / v.lengthBytes)} %` : 'Stopped'
  return { text: `${part}. Choose the file again to go on.`, tone: 'warn' }
}

/** progressOf is 0…1 while there is progress, else null. */
export function progressOf(v: Video): number | null {
  switch (v.state) {
    case 'uploading':
      return v.lengthBytes ? Math.min(1, v.uploadedBytes / v.lengthBytes) : null
    case 'processing':
      return v.progress
    case 'ready':
      return v.improving ? v.progress : null
    case 'recording':
    case 'failed':
      return null
    default: {
      const unexpected: never = v.state
      return unexpected
    }
  }
}

/** newsOf is what to announce when a video changed; empty if nothing. */
export function newsOf(before: Video | undefined, after: Video): string {
  if (!before || before.deletedAt || after.deletedAt) return ''
  if (before.state !== after.state && after.state === 'ready') return `${after.title} can be watched now.`
  if (before.state !== after.state && after.state === 'failed') return `${after.title}: ${stateWords(after).text}`
  if (before.commentCount < after.commentCount) return `${after.title} has ${commentWords(after.commentCount)}.`
  return ''
}

/** canRestore: something of a video in the trash is on the server, or its upload still goes on. */
export function canRestore(v: Video): boolean {
  return v.state !== 'failed' || v.arrived
}

/** closesSoon reports whether an end is so close that it needs attention. */
export function closesSoon(end: Date, now: Date): boolean {
  return end.getTime() - now.getTime() < 3 * 24 * 3_600_000
}

export function commentWords(count: number): string {
  if (count === 0) return 'No comments yet'
  return count === 1 ? '1 comment' : `${count} comments`
}

function uploadingWords(v: Video): string {
  if (v.lengthBytes === undefined) return `Uploading, ${sizeWords(v.uploadedBytes)} so far`
  return `Uploading ${whole(v.uploadedBytes / Math.max(1, v.lengthBytes))} %`
}

/** whole rounds down: only finished work is 100. */
function whole(part: number): number {
  return Math.min(100, Math.floor(part * 100))
}
