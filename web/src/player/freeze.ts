// Holds the shown frame while another source loads, so that nothing flashes.
import { make } from '../ui/dom'

/** However long the other source takes, the old picture must not stay longer. */
const LONGEST_MS = 10_000

/**
 * Draws video's frame over it, below the controls, until the next frame arrives, which the event
 * arrival reports.
 */
export function freezeFrame(video: HTMLVideoElement, arrival: 'seeked' | 'loadeddata'): void {
  const canvas = make('canvas', 'frozen')
  canvas.width = video.videoWidth
  canvas.height = video.videoHeight
  const context = canvas.getContext('2d')
  if (!context || canvas.width === 0) return
  context.drawImage(video, 0, 0)
  canvas.setAttribute('aria-hidden', 'true')
  // media-chrome's: it must not hide like a control when nobody moves
  canvas.setAttribute('noautohide', '')
  video.after(canvas)
  const done = new AbortController()
  const thaw = () => {
    done.abort()
    clearTimeout(timer)
    canvas.remove()
  }
  const timer = setTimeout(thaw, LONGEST_MS)
  for (const name of [arrival, 'playing', 'error'] as const) video.addEventListener(name, thaw, { signal: done.signal })
}
