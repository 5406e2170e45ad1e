// Whether a microphone hears anything.

/** Below this (about -62 dB) there is no voice, only a device's noise. A muted device is at 0. */
const quietPeak = 0.0008

export const silentAfterMs = 5000

/** Silence remembers since when there was no sound. */
export type Silence = { sinceMs: number | null }

export function hear(s: Silence, peak: number, nowMs: number): Silence {
  if (peak > quietPeak) return { sinceMs: null }
  return s.sinceMs === null ? { sinceMs: nowMs } : s
}

export function isSilent(s: Silence, nowMs: number): boolean {
  return s.sinceMs !== null && nowMs - s.sinceMs >= silentAfterMs
}

/** levelOf puts a peak (0…1) on a scale that matches our ears: 0 at -60 dB, 1 at full scale. */
export function levelOf(peak: number): number {
  if (peak <= 0.001) return 0
  return Math.min(1, 1 + Math.log10(peak) / 3)
}
