// Positions in a video, as people write them.

/**
 * 83_000 → "1:23", 3_723_000 → "1:02:03". Fractions of a second are dropped. An invalid position is
 * the start.
 */
export function formatPosition(ms: number): string {
  const seconds = Number.isFinite(ms) && ms > 0 ? Math.floor(ms / 1000) : 0
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = pad(seconds % 60)
  return hours > 0 ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`
}

function pad(n: number): string {
  return String(n).padStart(2, '0')
}

const clock = /^(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d)$/
const units = /^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?$/

/** Reads "83", "1:23", "1:02:03", "1m30s" as milliseconds; undefined if it is none of them. */
export function parsePosition(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase()
  if (trimmed === '') return undefined
  const match = clock.exec(trimmed) ?? units.exec(trimmed)
  if (!match) return undefined
  const [hours, minutes, seconds] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0))
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined
  if (match[1] !== undefined && minutes > 59) return undefined
  return (hours * 3600 + minutes * 60 + seconds) * 1000
}
