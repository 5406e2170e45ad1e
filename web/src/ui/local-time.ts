// Times in the reader's own time zone. The server writes <time datetime> in UTC. Here it becomes "3
// h ago", with the full time as a title.

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * The page's words are English, so its dates are too, in the reader's own variant of English if
 * there is one.
 */
export function dateLocale(): string {
  return navigator.language.toLowerCase().startsWith('en') ? navigator.language : 'en-GB'
}

/** How long before now at was, short enough for a list. */
export function formatWhen(at: Date, now: Date, locale: string): string {
  const agoMs = now.getTime() - at.getTime()
  if (agoMs < MINUTE_MS && agoMs > -MINUTE_MS) return 'just now'
  if (agoMs >= 0 && agoMs < HOUR_MS) return `${Math.floor(agoMs / MINUTE_MS)} min ago`
  if (agoMs >= 0 && agoMs < 12 * HOUR_MS) return `${Math.floor(agoMs / HOUR_MS)} h ago`
  const clock = at.toLocaleTimeString(locale, { timeStyle: 'short' })
  const days = daysBetween(at, now)
  if (days === 0) return `today ${clock}`
  if (days === 1) return `yesterday ${clock}`
  if (at.getFullYear() !== now.getFullYear())
    return at.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' })
  // Joined by hand: engines differ in the comma after the weekday.
  const weekday = at.toLocaleDateString(locale, { weekday: 'short' })
  return `${weekday} ${at.toLocaleDateString(locale, { day: 'numeric', month: 'short' })}, ${clock}`
}

/**
 * Midnights between two moments in the reader's zone. Rounded, because a day of clock change is 23
 * or 25 hours long.
 */
export function daysBetween(from: Date, to: Date): number {
  const start = new Date(from.getFullYear(), from.getMonth(), from.getDate()).getTime()
  const end = new Date(to.getFullYear(), to.getMonth(), to.getDate()).getTime()
  return Math.round((end - start) / (24 * HOUR_MS))
}

/** Writes an element's own datetime in local words. */
export function showLocalTime(element: HTMLTimeElement, now = new Date()): void {
  const at = new Date(element.dateTime)
  if (Number.isNaN(at.getTime())) return
  const text = formatWhen(at, now, dateLocale())
  if (element.textContent !== text) element.textContent = text
  if (element.title === '') {
    element.title = at.toLocaleString(dateLocale(), { dateStyle: 'full', timeStyle: 'short' })
  }
}

/** A new <time> for iso in local words. */
export function makeLocalTime(iso: string): HTMLTimeElement {
  const element = document.createElement('time')
  element.dateTime = iso
  showLocalTime(element)
  return element
}

/** Keeps every <time datetime> of the page local and its age current, until signal ends it. */
export function keepLocalTimes(signal: AbortSignal): void {
  const update = () => {
    const now = new Date()
    for (const element of document.querySelectorAll<HTMLTimeElement>('time[datetime]')) showLocalTime(element, now)
  }
  update()
  const timer = setInterval(update, MINUTE_MS / 2)
  signal.addEventListener('abort', () => clearInterval(timer))
}
