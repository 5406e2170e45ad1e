// When something ends, in the time zone of its reader or author.
import { daysBetween } from './local-time'

/**
 * zoneName is the usual name of the reader's zone: "Central European Standard Time"; empty if the
 * browser does not know it.
 */
export function zoneName(at: Date, locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'long' }).formatToParts(at)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

/** endWords is short: "today, 18:00", "tomorrow, 09:30", "3 Dec, 18:00", "3 Dec 2027, 18:00". */
export function endWords(end: Date, now: Date, locale: string): string {
  const clock = end.toLocaleTimeString(locale, { timeStyle: 'short' })
  const days = daysBetween(now, end)
  if (days === 0) return `today, ${clock}`
  if (days === 1) return `tomorrow, ${clock}`
  const year = end.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return `${end.toLocaleDateString(locale, { day: 'numeric', month: 'short', year })}, ${clock}`
}

/**
 * endDay is only the day, for after a verb: "today", "tomorrow", "on 3 Dec", "on 3 Jan 2027". A
 * past end is "today".
 */
export function endDay(end: Date, now: Date, locale: string): string {
  const days = daysBetween(now, end)
  if (days <= 0) return 'today'
  if (days === 1) return 'tomorrow'
  const year = end.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return `on ${end.toLocaleDateString(locale, { day: 'numeric', month: 'short', year })}`
}

/** toField formats at for a datetime-local field, in the browser's zone. */
export function toField(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const year = String(at.getFullYear()).padStart(4, '0')
  return `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/**
 * fromField reads a datetime-local field in the browser's zone; undefined if it is empty or
 * incomplete.
 */
export function fromField(text: string): Date | undefined {
  if (!/^\d{4,}-\d\d-\d\dT\d\d:\d\d/.test(text)) return undefined
  const at = new Date(text) // without a zone: the browser's own
  return Number.isNaN(at.getTime()) ? undefined : at
}
