// Dates of a list, by the day, in the reader's own time zone. A conversation says "3 h ago"
// instead: local-time.ts.
import { daysBetween } from './local-time'

/** dayAndTime is short: "Today 16:40", "Yesterday 09:12", "Fri 21 Nov, 08:10", "21 Nov 2025". */
export function dayAndTime(at: Date, now: Date, locale: string): string {
  const clock = at.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })
  const days = daysBetween(at, now)
  if (days === 0) return `Today ${clock}`
  if (days === 1) return `Yesterday ${clock}`
  if (at.getFullYear() !== now.getFullYear())
    return at.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' })
  return `${at.toLocaleDateString(locale, { weekday: 'short', day: 'numeric', month: 'short' })}, ${clock}`
}

/** inSentence is dayAndTime inside a sentence: "today 16:40", but "Tue, 24 Nov". */
export function inSentence(words: string): string {
  return words.replace(/^(?:Today|Yesterday)/, (word) => word.toLowerCase())
}

/** wholeDate is the full date with the zone's name, for a title. */
export function wholeDate(at: Date, locale: string): string {
  return at.toLocaleString(locale, { dateStyle: 'full', timeStyle: 'long' })
}
