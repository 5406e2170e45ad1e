// The camera of a recording, as a round bubble above the picture. It has no sound and no controls:
// it follows the picture.
import { moveBubble } from '../api/owner'
import { wasCancelled } from '../api/request'
import type { Bubble, Camera, SharedVideo } from '../api/shared-video'
import type { Stream } from '../player/hls'
import type { MwPlayer } from '../player/player'
import { placeOf } from '../player/sources'
import { make } from '../ui/dom'
import { boxOf, bubbleAt, centreAt, keepUp } from './bubble'

const LOOK_EVERY_MS = 200
const STEP = 0.02 // of the picture, for one arrow key

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
}

export interface CameraView {
  show(shared: SharedVideo): void
}

export function makeCamera(player: MwPlayer, announce: (sentence: string) => void, signal: AbortSignal): CameraView {
  const video = make('video', 'camera-picture')
  video.muted = true
  video.playsInline = true
  video.preload = 'auto'
  video.setAttribute('aria-hidden', 'true')
  const element = make('div', 'camera-bubble', video)
  element.setAttribute('noautohide', '') // the controls go when nobody moves; it stays
  let camera: Camera | undefined
  let videoId: string | undefined
  let place = ''
  let stream: Stream | undefined
  let moved: Bubble | undefined // during a drag, and until the server has it too
  let saving = false

  const main = () => player.querySelector<HTMLVideoElement>('video[slot="media"]')

  const load = async (next: Camera) => {
    const file = next.sources[0]
    const url = file?.url ?? next.hls
    if (url === undefined || placeOf(url) === place) return
    // A stream is never better than what plays. A copy of a playing raw recording is not better
    // either.
    if (place !== '' && !(file && place.endsWith('.m3u8'))) return
    place = placeOf(url)
    stream?.close()
    stream = undefined
    if (file) {
      video.src = file.url
      return
    }
    const { openStream } = await import('../player/hls')
    if (!signal.aborted && place === placeOf(url))
      stream = openStream(video, url, 0, { onLost: ignore, onFailed: ignore, onFlow: ignore })
  }

  const draw = () => {
    const picture = main()
    const bubble = moved ?? (camera && bubbleAt(camera.bubbles, player.positionMs))
    const shown = picture !== null && bubble?.visible === true && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
    element.hidden = !shown
    if (!shown || !bubble) return
    const holder = picture.parentElement
    if (holder && element.parentElement !== holder) holder.append(element)
    const { left, top, size } = boxOf(bubble, phaseOf(picture), pictureOf(picture))
    element.style.setProperty('--bubble-left', `${left}px`)
    element.style.setProperty('--bubble-top', `${top}px`)
    element.style.setProperty('--bubble-size', `${size}px`)
  }

  const follow = () => {
    const picture = main()
    if (!camera || !picture || video.readyState === HTMLMediaElement.HAVE_NOTHING) return draw()
    const step = keepUp(video.currentTime * 1000, picture.currentTime * 1000, camera.offsetMs, picture.playbackRate)
    if (step.at === 'jump' && !video.seeking) video.currentTime = step.toMs / 1000
    if (step.at === 'speed') video.playbackRate = step.rate
    const early = picture.currentTime * 1000 < camera.offsetMs
    if (picture.paused || picture.seeking || picture.readyState < HTMLMediaElement.HAVE_FUTURE_DATA || early)
      video.pause()
    else if (video.paused && !video.ended) void video.play().catch(ignore)
    draw()
  }

  /**
   * Sends the bubble's new place to the server, one at a time: the next key may come before the
   * response.
   */
  const save = async () => {
    if (saving || videoId === undefined) return
    saving = true
    while (moved && camera) {
      const bubble = moved
      const now = bubbleAt(camera.bubbles, player.positionMs)
      const bubbles = camera.bubbles.map((old) => (old === now ? { ...bubble, atMs: old.atMs } : old))
      try {
        await moveBubble(videoId, bubbles, signal)
        camera = { ...camera, bubbles }
        if (moved !== bubble) continue
        announce('The camera stays there')
      } catch (error) {
        if (!wasCancelled(error)) announce('The camera could not be moved. Try again.')
      }
      moved = undefined
    }
    saving = false
    draw()
  }

  const drag = (event: PointerEvent) => {
    const picture = main()
    const from = camera && bubbleAt(camera.bubbles, player.positionMs)
    if (!picture || !from || videoId === undefined || event.button !== 0) return
    event.preventDefault()
    element.setPointerCapture(event.pointerId)
    const end = new AbortController()
    const move = (to: PointerEvent) => {
      const box = picture.getBoundingClientRect()
      moved = {
        ...from,
        ...centreAt({ x: to.clientX - box.left, y: to.clientY - box.top }, phaseOf(picture), pictureOf(picture)),
      }
      draw()
    }
    const drop = () => {
      end.abort()
      void save()
    }
    element.addEventListener('pointermove', move, { signal: end.signal })
    element.addEventListener('pointerup', drop, { signal: end.signal })
    element.addEventListener('pointercancel', drop, { signal: end.signal })
  }

  const nudge = (event: KeyboardEvent) => {
    const way = ARROWS[event.key]
    const from = moved ?? (camera && bubbleAt(camera.bubbles, player.positionMs))
    if (!way || !from || videoId === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const clamp = (value: number) => Math.min(1, Math.max(0, value))
    moved = { ...from, x: clamp(from.x + way[0]), y: clamp(from.y + way[1]) }
    draw()
  }

  element.addEventListener('pointerdown', drag, { signal })
  element.addEventListener('keydown', nudge, { signal })
  element.addEventListener('keyup', () => void save(), { signal })
  for (const name of ['play', 'pause', 'seeking', 'seeked', 'ratechange', 'loadeddata'] as const)
    player.addEventListener(name, follow, { signal, capture: true })
  window.addEventListener('resize', draw, { signal })
  let timer: ReturnType<typeof setInterval> | undefined
  signal.addEventListener('abort', () => clearInterval(timer))

  return {
    show(shared) {
      camera = shared.camera
      if (!camera) return
      videoId = shared.owner ? shared.videoId : undefined
      element.classList.toggle('movable', videoId !== undefined)
      if (videoId !== undefined) {
        element.tabIndex = 0
        element.setAttribute('role', 'group')
        element.setAttribute('aria-label', 'Camera. Drag it, or move it with the arrow keys.')
      }
      void load(camera)
      timer ??= setInterval(follow, LOOK_EVERY_MS)
    },
  }
}

function ignore(): void {}

function phaseOf(picture: HTMLVideoElement): { width: number; height: number } {
  return { width: picture.clientWidth, height: picture.clientHeight }
}

function pictureOf(picture: HTMLVideoElement): { width: number; height: number } {
  return { width: picture.videoWidth || 16, height: picture.videoHeight || 9 }
}
