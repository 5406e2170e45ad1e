// The controls, in their own chunk. Until it has loaded there is one large button.
import 'media-chrome/dist/media-controller.js'
import 'media-chrome/dist/media-control-bar.js'
import 'media-chrome/dist/media-fullscreen-button.js'
import 'media-chrome/dist/media-loading-indicator.js'
import 'media-chrome/dist/media-mute-button.js'
import 'media-chrome/dist/media-pip-button.js'
import 'media-chrome/dist/media-play-button.js'
import 'media-chrome/dist/media-preview-time-display.js'
import 'media-chrome/dist/media-time-display.js'
import 'media-chrome/dist/media-time-range.js'
import 'media-chrome/dist/media-volume-range.js'
import { make } from '../ui/dom'
import { formatPosition } from '../ui/time-code'
import { clusterMarks, type Mark } from './markers'
import { AUTO } from './renditions'
import { formatSpeed, speeds } from './speed'
import { addStoryboard } from './storyboard-view'

/** Markers closer than this become one with a number. */
const MARK_GAP_PX = 24

export interface Controls {
  setMarks(marks: readonly Mark[]): void
  /** The menu's entries beside Auto, and the chosen one. Without names there is no menu. */
  setQualities(names: readonly string[], chosen: string): void
  /** The address of the seek bar's images; undefined if there are none. */
  setStoryboard(url: string | undefined): void
  toggleFullScreen(): void
}

export interface ControlsOptions {
  /** A marker was pressed. */
  onMark(ms: number, ids: string[]): void
  onQuality(name: string): void
  /** The pointer or the focus comes near the controls. */
  onNear(): void
  durationMs(): number
  signal: AbortSignal
}

/** Puts the bar into controller. */
export function addControls(controller: HTMLElement, video: HTMLVideoElement, options: ControlsOptions): Controls {
  const { signal } = options
  const range = document.createElement('media-time-range')
  const marks = makeMarks(video, options)
  const quality = makeQualitySelect(options)
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
    quality,
    document.createElement('media-mute-button'),
    document.createElement('media-volume-range'),
    document.createElement('media-pip-button'),
    fullScreen,
  )
  const big = controller.querySelector<HTMLElement>('.big')
  if (big) big.tabIndex = -1
  // only for the pointer: the bar has the same button with its name
  big?.setAttribute('aria-hidden', 'true')
  const busy = document.createElement('media-loading-indicator')
  busy.slot = 'centered-chrome'
  busy.setAttribute('noautohide', '')
  const bar = make('div', 'bar', make('div', 'seek', range, marks.element), row)
  for (const name of ['pointerenter', 'focusin'] as const)
    bar.addEventListener(name, () => options.onNear(), { signal })
  controller.append(busy, bar)
  const storyboard = addStoryboard(range, signal)
  video.controls = false

  return {
    setMarks: marks.set,
    setQualities(names, chosen) {
      quality.hidden = names.length === 0
      const values = [AUTO, ...names]
      if (values.join() !== [...quality.options].map((option) => option.value).join()) {
        quality.replaceChildren(...values.map((name) => new Option(name === AUTO ? 'Auto' : name, name)))
      }
      quality.value = values.includes(chosen) ? chosen : AUTO
    },
    setStoryboard: storyboard.setAddress,
    toggleFullScreen() {
      fullScreen.click()
    },
  }
}

/** The comments on the seek bar. */
function makeMarks(
  video: HTMLVideoElement,
  options: ControlsOptions,
): { element: HTMLElement; set(marks: readonly Mark[]): void } {
  const element = make('div', 'markers')
  // the conversation has the same jumps, to read and for the keyboard
  element.setAttribute('aria-hidden', 'true')
  let marks: readonly Mark[] = []
  const draw = () => {
    const clusters = clusterMarks(marks, options.durationMs(), element.clientWidth, MARK_GAP_PX)
    element.replaceChildren(
      ...clusters.map((cluster) => {
        const button = make('button', 'marker', make('span', '', cluster.text))
        button.type = 'button'
        button.tabIndex = -1
        button.title = `${formatPosition(cluster.atMs)} ${cluster.label}`
        button.style.left = `${cluster.left * 100}%`
        button.addEventListener('click', () => options.onMark(cluster.atMs, cluster.ids))
        return button
      }),
    )
  }
  const sizes = new ResizeObserver(draw)
  sizes.observe(element)
  video.addEventListener('durationchange', draw, { signal: options.signal })
  options.signal.addEventListener('abort', () => sizes.disconnect())
  const set = (next: readonly Mark[]) => {
    marks = next
    draw()
  }
  return { element, set }
}

function makeQualitySelect(options: ControlsOptions): HTMLSelectElement {
  const select = make('select', 'choice')
  select.setAttribute('aria-label', 'Quality')
  select.hidden = true
  select.addEventListener('change', () => options.onQuality(select.value))
  return select
}

function makeSpeedSelect(video: HTMLVideoElement, signal: AbortSignal): HTMLSelectElement {
  const select = make('select', 'choice speed')
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
