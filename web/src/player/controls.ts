// The controls, as a chunk of its own: the browser's native ones serve until it has come.
import 'media-chrome/dist/media-controller.js'
import 'media-chrome/dist/media-control-bar.js'
import 'media-chrome/dist/media-fullscreen-button.js'
import 'media-chrome/dist/media-loading-indicator.js'
import 'media-chrome/dist/media-mute-button.js'
import 'media-chrome/dist/media-pip-button.js'
import 'media-chrome/dist/media-play-button.js'
import 'media-chrome/dist/media-time-display.js'
import 'media-chrome/dist/media-time-range.js'
import 'media-chrome/dist/media-volume-range.js'
import { make, makeButton } from '../ui/dom'
import { formatPosition } from '../ui/time-code'
import { clusterMarks, type Mark } from './markers'
import { formatSpeed, speeds } from './speed'

/** Nearer markers than this become one with a number. */
const MARK_GAP_PX = 24

export interface Controls {
  setMarks(marks: readonly Mark[]): void
  toggleFullScreen(): void
}

/** Puts the bar into controller and takes the native controls away. seek is asked when a marker is pressed. */
export function addControls(
  controller: HTMLElement,
  video: HTMLVideoElement,
  seek: (ms: number, ids: string[]) => void,
  durationMs: () => number,
  signal: AbortSignal,
): Controls {
  const markers = make('div', 'markers')
  markers.setAttribute('aria-hidden', 'true') // the same jumps are in the conversation, where they can be read and reached by keyboard
  const seekRow = make('div', 'seek', document.createElement('media-time-range'), markers)
  const row = document.createElement('media-control-bar')
  const fullScreen = document.createElement('media-fullscreen-button')
  const time = document.createElement('media-time-display')
  time.toggleAttribute('showduration', true)
  time.toggleAttribute('notoggle', true)
  row.append(
    document.createElement('media-play-button'),
    time,
    make('span', 'space'),
    makeSpeedSelect(video, signal),
    document.createElement('media-mute-button'),
    document.createElement('media-volume-range'),
    document.createElement('media-pip-button'),
    fullScreen,
  )
  const big = makeButton('', 'big', () => void video.play().catch(() => undefined))
  big.slot = 'centered-chrome'
  big.tabIndex = -1
  big.setAttribute('aria-hidden', 'true') // for the pointer: the bar has the same button with its name
  const busy = document.createElement('media-loading-indicator')
  busy.slot = 'centered-chrome'
  busy.setAttribute('noautohide', '')
  controller.append(big, busy, make('div', 'bar', seekRow, row))
  video.controls = false

  let marks: readonly Mark[] = []
  const draw = () => {
    const clusters = clusterMarks(marks, durationMs(), markers.clientWidth, MARK_GAP_PX)
    markers.replaceChildren(
      ...clusters.map((cluster) => {
        const button = make('button', 'marker', make('span', '', cluster.text))
        button.type = 'button'
        button.tabIndex = -1
        button.title = `${formatPosition(cluster.atMs)} ${cluster.label}`
        button.style.left = `${cluster.left * 100}%`
        button.addEventListener('click', () => seek(cluster.atMs, cluster.ids))
        return button
      }),
    )
  }
  const sizes = new ResizeObserver(draw)
  sizes.observe(markers)
  video.addEventListener('durationchange', draw, { signal })
  signal.addEventListener('abort', () => sizes.disconnect())

  return {
    setMarks(next) {
      marks = next
      draw()
    },
    toggleFullScreen() {
      fullScreen.click()
    },
  }
}

function makeSpeedSelect(video: HTMLVideoElement, signal: AbortSignal): HTMLSelectElement {
  const select = make('select', 'speed')
  select.setAttribute('aria-label', 'Speed')
  for (const speed of speeds) select.add(new Option(formatSpeed(speed), String(speed)))
  const show = () => {
    select.value = String(video.playbackRate)
  }
  select.addEventListener('change', () => {
    video.defaultPlaybackRate = Number(select.value)
    video.playbackRate = Number(select.value)
  })
  video.addEventListener('ratechange', show, { signal })
  show()
  return select
}
