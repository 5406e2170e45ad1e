// The place of the camera's bubble at a moment, and how the camera stays in sync with the picture:
// pure decisions.
import type { Bubble } from '../api/shared-video'

/** The key frame that is valid at ms, or the first one before its time. */
export function bubbleAt(bubbles: readonly Bubble[], ms: number): Bubble | undefined {
  return bubbles.findLast((bubble) => bubble.atMs <= ms) ?? bubbles[0]
}

/** The bubble's box in pixels, inside a picture that is centred in a stage. */
export function boxOf(
  bubble: Bubble,
  phase: { width: number; height: number },
  picture: { width: number; height: number },
) {
  const scale = Math.min(phase.width / picture.width, phase.height / picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  const size = bubble.size * Math.min(width, height)
  const half = size / 2
  const within = (centre: number, end: number) => Math.min(Math.max(centre, half), end - half)
  return {
    left: (phase.width - width) / 2 + within(bubble.x * width, width) - half,
    top: (phase.height - height) / 2 + within(bubble.y * height, height) - half,
    size,
  }
}

/** The bubble's centre as fractions of the picture, for a point on the stage. */
export function centreAt(
  point: { x: number; y: number },
  phase: { width: number; height: number },
  picture: { width: number; height: number },
) {
  const scale = Math.min(phase.width / picture.width, phase.height / picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  const part = (value: number, end: number) => Math.min(1, Math.max(0, value / end))
  return { x: part(point.x - (phase.width - width) / 2, width), y: part(point.y - (phase.height - height) / 2, height) }
}

export type Step = { at: 'jump'; toMs: number } | { at: 'speed'; rate: number }

/**
 * With more drift than JUMP_MS the camera jumps. With less its speed is changed. Up to NUDGE_MS
 * nothing is done.
 */
const JUMP_MS = 150
const NUDGE_MS = 25
const NUDGE = 0.05

/** The step that brings the camera to the picture's position. */
export function keepUp(cameraMs: number, pictureMs: number, offsetMs: number, rate: number): Step {
  const behindMs = pictureMs - offsetMs - cameraMs
  if (Math.abs(behindMs) > JUMP_MS) return { at: 'jump', toMs: Math.max(0, pictureMs - offsetMs) }
  if (Math.abs(behindMs) <= NUDGE_MS) return { at: 'speed', rate }
  return { at: 'speed', rate: rate * (behindMs > 0 ? 1 + NUDGE : 1 - NUDGE) }
}
