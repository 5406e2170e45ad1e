// The state of a recording, and what may come next. It is pure, so that every path can be tested
// without a camera.
import type { Pause } from './track'

export const countdownFrom = 3
/**
 * After "Stop sharing" in the browser's own bar, the recording finishes by itself unless somebody
 * decides otherwise.
 */
export const finishAfterS = 10

export type Phase =
  | { at: 'idle' }
  | { at: 'acquiring' }
  | { at: 'countdown'; left: number }
  | { at: 'recording' }
  | { at: 'paused' }
  /**
   * The screen is gone. left: seconds until it finishes by itself; null if it waits for a decision.
   */
  | { at: 'interrupted'; left: number | null }
  | { at: 'stopping' }
  | { at: 'uploading' }
  | { at: 'done' }
  | { at: 'failed'; sentence: string }

export type Recording = {
  phase: Phase
  startedAtMs: number
  stoppedAtMs: number | null
  pauses: Pause[]
}

export type RecordingEvent =
  | { type: 'asked' }
  | { type: 'acquired' }
  | { type: 'refused'; sentence: string }
  | { type: 'ticked' }
  | { type: 'began'; nowMs: number }
  | { type: 'paused'; nowMs: number }
  | { type: 'resumed'; nowMs: number }
  | { type: 'share-ended'; nowMs: number }
  /** The computer was asleep for the last ms milliseconds. */
  | { type: 'slept'; ms: number; nowMs: number }
  | { type: 'waited-for' }
  | { type: 'stopped'; nowMs: number }
  | { type: 'kept' }
  | { type: 'sealed' }
  | { type: 'dropped' }
  /** The discard of an earlier recording was undone. */
  | { type: 'restored'; recording: Recording }

export const newRecording: Recording = { phase: { at: 'idle' }, startedAtMs: 0, stoppedAtMs: null, pauses: [] }

/**
 * reduce returns the recording after the event. An event that does not fit the phase changes
 * nothing.
 */
export function reduce(r: Recording, e: RecordingEvent): Recording {
  switch (e.type) {
    case 'asked':
      return isBetween(r) ? { ...newRecording, phase: { at: 'acquiring' } } : r
    case 'acquired':
      return r.phase.at === 'acquiring' ? to(r, { at: 'countdown', left: countdownFrom }) : r
    case 'refused':
      return isOver(r) ? r : to(r, { at: 'failed', sentence: e.sentence })
    case 'ticked':
      return tick(r)
    case 'began':
      return r.phase.at === 'countdown' ? { ...r, phase: { at: 'recording' }, startedAtMs: e.nowMs } : r
    case 'paused':
      return r.phase.at === 'recording' ? hold(to(r, { at: 'paused' }), e.nowMs) : r
    case 'resumed':
      return isHeld(r) ? go(to(r, { at: 'recording' }), e.nowMs) : r
    case 'share-ended':
      if (r.phase.at === 'recording') return hold(to(r, { at: 'interrupted', left: finishAfterS }), e.nowMs)
      return r.phase.at === 'paused' ? to(r, { at: 'interrupted', left: null }) : r
    case 'slept':
      return r.phase.at === 'recording' ? { ...r, pauses: [...r.pauses, { fromMs: e.nowMs - e.ms, toMs: e.nowMs }] } : r
    case 'waited-for':
      return r.phase.at === 'interrupted' ? to(r, { at: 'interrupted', left: null }) : r
    case 'stopped':
      return isRunning(r) ? go({ ...to(r, { at: 'stopping' }), stoppedAtMs: e.nowMs }, e.nowMs) : r
    case 'kept':
      return r.phase.at === 'stopping' ? to(r, { at: 'uploading' }) : r
    case 'sealed':
      return r.phase.at === 'stopping' || r.phase.at === 'uploading' ? to(r, { at: 'done' }) : r
    case 'dropped':
      return newRecording
    case 'restored':
      return canRestore(r) ? to(e.recording, { at: 'uploading' }) : r
    default:
      return never(e)
  }
}

/** isRunning: it records, or could go on at once. */
export function isRunning(r: Recording): boolean {
  return r.phase.at === 'recording' || isHeld(r)
}

export function isHeld(r: Recording): boolean {
  return r.phase.at === 'paused' || r.phase.at === 'interrupted'
}

/** isBetween: there is no take now, so another one may begin. */
export function isBetween(r: Recording): boolean {
  return r.phase.at === 'idle' || r.phase.at === 'failed' || r.phase.at === 'done'
}

/** canRestore: showing an earlier recording disturbs nothing. */
export function canRestore(r: Recording): boolean {
  return isBetween(r) || r.phase.at === 'countdown'
}

/** elapsedMs is the recorded time: wall time without the pauses. */
export function elapsedMs(r: Recording, nowMs: number): number {
  if (r.startedAtMs === 0) return 0
  const end = r.stoppedAtMs ?? nowMs
  const held = r.pauses.reduce((sum, p) => sum + ((p.toMs ?? end) - p.fromMs), 0)
  return Math.max(0, end - r.startedAtMs - held)
}

function isOver(r: Recording): boolean {
  return r.phase.at === 'stopping' || r.phase.at === 'uploading' || r.phase.at === 'done'
}

function tick(r: Recording): Recording {
  const { phase } = r
  if (phase.at === 'countdown') return to(r, { at: 'countdown', left: Math.max(0, phase.left - 1) })
  if (phase.at === 'interrupted' && phase.left !== null)
    return to(r, { at: 'interrupted', left: Math.max(0, phase.left - 1) })
  return r
}

function to(r: Recording, phase: Phase): Recording {
  return { ...r, phase }
}

function hold(r: Recording, nowMs: number): Recording {
  return { ...r, pauses: [...r.pauses, { fromMs: nowMs, toMs: null }] }
}

function go(r: Recording, nowMs: number): Recording {
  return { ...r, pauses: r.pauses.map((p) => (p.toMs === null ? { ...p, toMs: nowMs } : p)) }
}

function never(x: never): never {
  throw new Error(`unexpected ${JSON.stringify(x)}`)
}
