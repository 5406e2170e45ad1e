// The picture that stands for the video until it plays. Its first frame does, unless there is nothing to see on it: only then is the poster, as
// large as the first seconds of video, worth its bytes.

/** So far at most do the parts of an empty picture differ: noise and the rings of compression. Of 255. */
const EMPTY_RANGE = 24
const SAMPLE = 16 // pixels across and down

/** Reports whether there is nothing to see. rgba: pixels as a canvas gives them. */
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

/** Shows the poster at url once it is known that the first frame shows nothing, or does not come by itself. */
export function posterWhereEmpty(video: HTMLVideoElement, url: string, signal: AbortSignal): void {
  const done = new AbortController()
  const events = { signal: AbortSignal.any([signal, done.signal]) }
  const look = () => {
    const idle = video.networkState !== HTMLMediaElement.NETWORK_LOADING
    const there = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
    if (!there && !idle) return
    done.abort()
    if (video.paused && (!there || showsNothing(video))) video.poster = url
  }
  for (const name of ['loadeddata', 'suspend', 'stalled', 'error'] as const) video.addEventListener(name, look, events)
  video.addEventListener('play', () => done.abort(), events)
  look()
}

function showsNothing(video: HTMLVideoElement): boolean {
  const canvas = document.createElement('canvas')
  canvas.width = SAMPLE
  canvas.height = SAMPLE
  const context = canvas.getContext('2d', { willReadFrequently: true })
  try {
    context?.drawImage(video, 0, 0, SAMPLE, SAMPLE)
    const pixels = context?.getImageData(0, 0, SAMPLE, SAMPLE).data
    return pixels === undefined || isEmpty(pixels)
  } catch {
    return true // media from another origin may not be looked at
  }
}
