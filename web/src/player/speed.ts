// Playback speed, remembered on this device for every video.
import type { SafeStorage } from '../ui/safe-storage'

export const speeds = [0.75, 1, 1.25, 1.5, 1.75, 2, 2.5] as const

const KEY = 'meanwhile:speed'

export function readSpeed(keep: SafeStorage): number {
  const kept = Number(keep.get(KEY))
  return speeds.some((speed) => speed === kept) ? kept : 1
}

export function keepSpeed(keep: SafeStorage, speed: number): void {
  keep.set(KEY, String(speed))
}

/** The next speed up or down from the nearest one. It stops at the ends. */
export function stepSpeed(current: number, steps: 1 | -1): number {
  const nearest = speeds.reduce(
    (best, speed, index) => (Math.abs(speed - current) < Math.abs((speeds[best] ?? 1) - current) ? index : best),
    0,
  )
  const index = Math.min(speeds.length - 1, Math.max(0, nearest + steps))
  return speeds[index] ?? 1
}

export function formatSpeed(speed: number): string {
  return `${speed}×`
}

export function setSpeed(video: HTMLVideoElement, speed: number): void {
  video.defaultPlaybackRate = speed // loading another source resets to this one
  video.playbackRate = speed
}
