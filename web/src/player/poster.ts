// The picture in place of the video until it plays. Usually that is the first frame. The poster is
// as large as the first seconds of video, so it is loaded only if the first frame shows nothing.

/** The maximum difference in an empty picture, from noise and compression rings. Of 255. */
const EMPTY_RANGE = 24
const SAMPLE = 16 // pixels across and down
const DRAWN_MS = 100 // a busy browser reports a picture some time before it can be drawn

/** Reports whether the picture is empty. rgba: pixels from a canvas. */
export function isEmpty(rgba: Uint8ClampedArray): boolean {
  for (const channel of [0, 1, 2]) {
    let [low, high] = [255, 0]
    for (let i = channel; i < rgba.length; i += 4) {
      low = Math.min(low, rgba[i] ?? 0)
      high = Math.max(high, rgba[i] ?? 0)
    }
    if (high - low > EMPTY_RANGE) return false
  }
  return true
}

/** Shows the poster at url if the first frame shows nothing, or does not come by itself. */
export function posterWhereEmpty(video: HTMLVideoElement, url: string, signal: AbortSignal): void {
  const done = new AbortController()
  const events = { signal: AbortSignal.any([signal, done.signal]) }
  let tries = 10
  const look = () => {
    if (events.signal.aborted) return
    const idle = video.networkState !== HTMLMediaElement.NETWORK_LOADING
    const there = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
    if (!there && !idle) return
    if (there && !isDrawn(video) && tries-- > 0) {
      setTimeout(look, DRAWN_MS)
      return
    }
    done.abort()
    if (video.paused && (!there || showsNothing(video))) video.poster = url
  }
  for (const name of ['loadeddata', 'suspend', 'stalled', 'error'] as const) video.addEventListener(name, look, events)
  video.addEventListener('play', () => done.abort(), events)
  look()
}

function isDrawn(video: HTMLVideoElement): boolean {
  return (pixelsOf(video)?.[3] ?? 255) > 0
}

function showsNothing(video: HTMLVideoElement): boolean {
  const pixels = pixelsOf(video)
  return pixels === undefined || isEmpty(pixels)
}

/** undefined if reading them is forbidden: media from another origin. */
function pixelsOf(video: HTMLVideoElement): Uint8ClampedArray | undefined {
  const canvas = document.createElement('canvas')
  canvas.width = SAMPLE
  canvas.height = SAMPLE
  const context = canvas.getContext('2d', { willReadFrequently: true })
  try {
    context?.drawImage(video, 0, 0, SAMPLE, SAMPLE)
    return context?.getImageData(0, 0, SAMPLE, SAMPLE).data
  } catch {
    return undefined
  }
}
