// Holding the frame that is seen while another source loads, so that nothing flashes.
import { make } from '../ui/dom'

/** However long the other source takes, the picture must not lie for longer. */
const LONGEST_MS = 10_000

/**
 * Draws video's frame over it, below the controls, until the next frame is there: it arrives with
 * one of the two.
 */
export function freezeFrame(video: HTMLVideoElement, arrival: 'seeked' | 'loadeddata'): void {
  const canvas = make('canvas', 'frozen')
  canvas.width = video.videoWidth
  canvas.height = video.videoHeight
  const context = canvas.getContext('2d')
  if (!context || canvas.width === 0) return
  context.drawImage(video, 0, 0)
  canvas.setAttribute('aria-hidden', 'true')
  // media-chrome's: it is no control that leaves when nobody moves
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
