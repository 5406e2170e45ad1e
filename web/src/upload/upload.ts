// An upload's state and how it changes. It is pure, so that every path can be tested without a
// network.
import { newBackoff } from '../api/retry'

/** What the server returned at creation. The watch link exists from the first moment. */
export type Link = {
  videoId: string
  watchUrl: string
  /** Path of the upload on this origin, where the bytes go. */
  uploadUrl: string
}

/** What can be done after a refusal: retry the same upload, start a new one, or nothing. */
export type Again = 'retry' | 'restart' | 'never'

/** What is unreachable: this device's network, or a server that returns errors. */
export type Away = 'network' | 'server'

/** Bytes per second, smoothed, and the sample it was last computed from. */
export type Speed = { bytesPerSecond: number; sampleBytes: number; sampleMs: number }

/**
 * starting: asks for the link, or for the server's offset. During a retry the phase stays waiting
 * or signed-out.
 */
export type Phase =
  | { at: 'queued' }
  | { at: 'starting' }
  | { at: 'sending'; speed: Speed | null }
  | { at: 'waiting'; because: Away; attempt: number }
  | { at: 'paused' }
  | { at: 'signed-out' }
  | { at: 'refused'; reason: string; again: Again }
  | { at: 'done' }

/** How long an upload waits before a retry. */
export const backoffMs = newBackoff({ firstMs: 1000, longestMs: 30_000 })

export type Upload = {
  /** Local to this page. The video's id is in link. */
  id: string
  fileName: string
  sizeBytes: number
  /** Sent bytes. At each resumption it is set back to what the server has. */
  sentBytes: number
  link: Link | null
  phase: Phase
}

export type UploadEvent =
  | { type: 'started' }
  | { type: 'created'; link: Link }
  | { type: 'stood'; offsetBytes: number }
  | { type: 'progressed'; sentBytes: number; nowMs: number }
  | { type: 'lost'; because: Away; attempt: number }
  | { type: 'signed-out' }
  | { type: 'refused'; reason: string; again: Again }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'forgotten' }
  | { type: 'finished' }

/** newUpload is a file in the queue. link is set if an earlier visit started it. */
export function newUpload(id: string, fileName: string, sizeBytes: number, link: Link | null = null): Upload {
  return { id, fileName, sizeBytes, sentBytes: 0, link, phase: { at: 'queued' } }
}

/**
 * reduce returns the upload after the event. Events that come too late for the phase change
 * nothing.
 */
export function reduce(u: Upload, e: UploadEvent): Upload {
  switch (e.type) {
    case 'started':
      return u.phase.at === 'queued' ? { ...u, phase: { at: 'starting' } } : u
    case 'created': // also while paused: the link is worth having, and the bytes wait
      return { ...u, link: e.link, phase: isBusy(u) ? { at: 'sending', speed: null } : u.phase }
    case 'stood':
      return {
        ...u,
        sentBytes: clamp(e.offsetBytes, u.sizeBytes),
        phase: isBusy(u) ? { at: 'sending', speed: null } : u.phase,
      }
    case 'progressed':
      return progress(u, clamp(e.sentBytes, u.sizeBytes), e.nowMs)
    case 'lost':
      return isBusy(u) ? { ...u, phase: { at: 'waiting', because: e.because, attempt: e.attempt } } : u
    case 'signed-out':
      return isBusy(u) ? { ...u, phase: { at: 'signed-out' } } : u
    case 'refused':
      return isOver(u) ? u : { ...u, phase: { at: 'refused', reason: e.reason, again: e.again } }
    case 'paused':
      return canPause(u) ? { ...u, phase: { at: 'paused' } } : u
    case 'resumed':
      return canResume(u) ? { ...u, phase: { at: 'queued' } } : u
    case 'forgotten': // the server no longer has it: everything from the beginning
      return { ...u, link: null, sentBytes: 0 }
    case 'finished':
      return { ...u, sentBytes: u.sizeBytes, phase: { at: 'done' } }
    default:
      return never(e)
  }
}

/** isBusy says whether the upload takes one of the few places for sending. */
export function isBusy(u: Upload): boolean {
  switch (u.phase.at) {
    case 'starting':
    case 'sending':
    case 'waiting':
    case 'signed-out':
      return true
    case 'queued':
    case 'paused':
    case 'refused':
    case 'done':
      return false
    default:
      return never(u.phase)
  }
}

/** isUnfinished says whether closing the page would interrupt something. */
export function isUnfinished(u: Upload): boolean {
  return isBusy(u) || u.phase.at === 'queued' || u.phase.at === 'paused'
}

export function canPause(u: Upload): boolean {
  return isBusy(u) || u.phase.at === 'queued'
}

export function canResume(u: Upload): boolean {
  return u.phase.at === 'paused' || (u.phase.at === 'refused' && u.phase.again !== 'never')
}

/** nextUp lists the ids that may start now, oldest first, so that at most `places` are busy. */
export function nextUp(uploads: readonly Upload[], places: number): string[] {
  const free = places - uploads.filter(isBusy).length
  return uploads
    .filter((u) => u.phase.at === 'queued')
    .slice(0, Math.max(0, free))
    .map((u) => u.id)
}

/** secondsLeft is an estimate, or null if there is no basis for one. */
export function secondsLeft(u: Upload): number | null {
  if (u.phase.at !== 'sending' || !u.phase.speed || u.phase.speed.bytesPerSecond < 1) return null
  return (u.sizeBytes - u.sentBytes) / u.phase.speed.bytesPerSecond
}

/** percent is a whole number, and 100 only when every byte is sent. */
export function percent(u: Upload): number {
  if (u.sizeBytes === 0) return 0
  return Math.floor((u.sentBytes / u.sizeBytes) * 100)
}

const sampleEveryMs = 1000
const weightOfNewest = 0.3

function progress(u: Upload, sentBytes: number, nowMs: number): Upload {
  if (u.phase.at !== 'sending') return u
  return { ...u, sentBytes, phase: { at: 'sending', speed: measure(u.phase.speed, sentBytes, nowMs) } }
}

function measure(last: Speed | null, sentBytes: number, nowMs: number): Speed {
  if (!last) return { bytesPerSecond: 0, sampleBytes: sentBytes, sampleMs: nowMs }
  const elapsedMs = nowMs - last.sampleMs
  if (elapsedMs < sampleEveryMs) return last
  const newest = Math.max(0, ((sentBytes - last.sampleBytes) * 1000) / elapsedMs)
  const bytesPerSecond =
    last.bytesPerSecond === 0 ? newest : last.bytesPerSecond + weightOfNewest * (newest - last.bytesPerSecond)
  return { bytesPerSecond, sampleBytes: sentBytes, sampleMs: nowMs }
}

function isOver(u: Upload): boolean {
  return u.phase.at === 'done'
}

function clamp(bytes: number, sizeBytes: number): number {
  return Math.min(Math.max(0, bytes), sizeBytes)
}

function never(x: never): never {
  throw new Error(`unexpected ${JSON.stringify(x)}`)
}
