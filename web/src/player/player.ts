// <mw-player>: a plain <video> under media-chrome's controls. The video may stand in the page's HTML already (it plays with scripts off),
// or come later, when there is something to play.
import type { Source } from '../api/shares'
import { make, makeButton } from '../ui/dom'
import type { Keep } from '../ui/kept'
import type { Controls } from './controls'
import { freezeFrame } from './freeze'
import type { KeyAction } from './keys'
import type { Mark } from './markers'
import { type Attempts, type Fresh, nextStep } from './recovery'
import { samePlaces } from './sources'
import { keepSpeed, readSpeed, stepSpeed } from './speed'

export interface Offer {
  sources: Source[]
  poster: string | undefined
  title: string
  durationMs: number // 0 while unknown
}

export interface PlayerOptions {
  keep: Keep
  startMs: number
  /** Asks for the share again, after a source failed. */
  refresh(signal: AbortSignal): Promise<Fresh>
  /** The position or the playing state changed. */
  onPosition(): void
  /** A marker was pressed; the player has jumped already. */
  onMark(ids: string[]): void
  /** The link ended while something played. */
  onGone(): void
  signal: AbortSignal
}

export class MwPlayer extends HTMLElement {
  #options: PlayerOptions | undefined
  #offer: Offer | undefined
  #video: HTMLVideoElement | undefined
  #controls: Controls | undefined
  #marks: readonly Mark[] = []
  #better: Offer | undefined // waits for a pause
  #positionMs = 0 // the last one known: a source that failed reports 0
  #wantsPlay = false
  #pausedByHiding = false
  #attempts: Attempts = { failed: [], sameTries: 0, offlineTries: 0 }
  #recovering = false
  #held = false // a source is on its way to #positionMs: what it reports before it arrives is not the position
  #note: HTMLElement | undefined

  /** Begins to work; with the offer of the page's boot data the video in the HTML is taken over, not made anew. */
  start(options: PlayerOptions, offer: Offer): void {
    this.#options = options
    this.#positionMs = options.startMs
    options.signal.addEventListener('abort', () => this.#note?.remove())
    document.addEventListener('visibilitychange', () => this.#onVisibility(), { signal: options.signal })
    const video = this.querySelector('video')
    if (!video) {
      this.offer(offer)
      return
    }
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) this.#arrive(video)
    else if (options.startMs > 0) video.currentTime = options.startMs / 1000
    this.#adopt(video, offer, options)
    options.onPosition() // a start in the middle is shown before anything has loaded
  }

  /** What can be played now. The first offer makes the player appear; a better one waits until nobody is watching. */
  offer(offer: Offer): void {
    const options = this.#options
    if (!options || offer.sources.length === 0) return
    if (!this.#video) {
      this.#build(offer, options)
      return
    }
    const current = this.#offer
    if (current && samePlaces(current.sources, offer.sources)) {
      this.#offer = { ...offer, sources: current.sources } // a new grant for the same file is no reason to load it again
      return
    }
    this.#better = offer
    this.#takeBetter()
  }

  get positionMs(): number {
    return this.#positionMs
  }

  get durationMs(): number {
    const seconds = this.#video?.duration ?? Number.NaN
    return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : (this.#offer?.durationMs ?? 0)
  }

  get playing(): boolean {
    return this.#video !== undefined && !this.#video.paused && !this.#video.ended
  }

  get ready(): boolean {
    return this.#video !== undefined
  }

  /** Jumps; whether it plays stays as it is. Before there is a video, it will begin there. */
  seek(ms: number): void {
    const end = this.durationMs
    this.#positionMs = Math.max(0, end > 0 ? Math.min(ms, end) : ms)
    if (this.#video) this.#video.currentTime = this.#positionMs / 1000
    this.#options?.onPosition()
  }

  pause(): void {
    this.#video?.pause()
  }

  /** Leaves full screen, where the conversation cannot be seen. */
  async leaveFullScreen(): Promise<void> {
    if (!document.fullscreenElement) return
    await document.exitFullscreen()
    await new Promise((resolve) => setTimeout(resolve)) // the controls put the focus back on the video first
  }

  setMarks(marks: readonly Mark[]): void {
    this.#marks = marks
    this.#controls?.setMarks(marks)
  }

  /** Takes the video away, for whatever is shown in its place. */
  clear(): void {
    this.#video?.pause()
    this.#video = undefined
    this.#controls = undefined
    this.#offer = undefined
    this.replaceChildren()
  }

  act(action: Exclude<KeyAction, { at: 'comment' }>): void {
    const video = this.#video
    if (!video) return
    switch (action.at) {
      case 'toggle':
        if (video.paused) void video.play().catch(() => undefined)
        else video.pause()
        return
      case 'seek-by':
        this.seek(this.#positionMs + action.ms)
        return
      case 'seek-part':
        this.seek(this.durationMs * action.part)
        return
      case 'full-screen':
        this.#controls?.toggleFullScreen()
        return
      case 'mute':
        video.muted = !video.muted
        return
      case 'speed':
        this.#setSpeed(video, stepSpeed(video.playbackRate, action.steps))
        return
      default:
        action satisfies never
    }
  }

  #build(offer: Offer, options: PlayerOptions): void {
    const video = make('video')
    video.slot = 'media'
    video.controls = true
    video.playsInline = true
    video.preload = 'metadata'
    video.setAttribute('aria-label', offer.title)
    if (offer.poster !== undefined) video.poster = offer.poster
    video.append(...offer.sources.map(makeSource))
    const controller = document.createElement('media-controller')
    controller.setAttribute('nohotkeys', '')
    controller.setAttribute('noautoseektolive', '')
    controller.append(video)
    this.replaceChildren(controller)
    this.#arrive(video)
    this.#adopt(video, offer, options)
  }

  #adopt(video: HTMLVideoElement, offer: Offer, options: PlayerOptions): void {
    this.#video = video
    this.#offer = offer
    this.#attempts = { failed: offer.sources, sameTries: 0, offlineTries: 0 }
    const { signal } = options
    this.#setSpeed(video, readSpeed(options.keep))
    video.addEventListener('ratechange', () => keepSpeed(options.keep, video.playbackRate), { signal })
    for (const name of ['timeupdate', 'seeking', 'durationchange', 'loadedmetadata'] as const) {
      video.addEventListener(name, () => this.#onTime(video, options), { signal })
    }
    video.addEventListener('play', () => this.#onPlay(options), { signal })
    video.addEventListener('pause', () => this.#onPause(video, options), { signal })
    video.addEventListener('ended', () => this.#takeBetter(), { signal })
    // A <source> that fails tells only itself, and does not bubble: capture hears both.
    video.addEventListener('error', (event) => this.#onError(event, video), { signal, capture: true })
    video.addEventListener('playing', () => this.#onPlaying(offer.sources), { signal })
    if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) void this.#recover(video)
    this.#loadControls(video, options)
  }

  #loadControls(video: HTMLVideoElement, options: PlayerOptions): void {
    // After the first paint: until then, and if the chunk never comes, the browser's own controls serve.
    requestAnimationFrame(() =>
      setTimeout(async () => {
        const { addControls } = await import('./controls')
        const controller = video.parentElement
        if (options.signal.aborted || this.#video !== video || !controller) return
        const seek = (ms: number, ids: string[]) => {
          this.seek(ms)
          options.onMark(ids)
        }
        this.#controls = addControls(controller, video, seek, () => this.durationMs, options.signal)
        this.#controls.setMarks(this.#marks)
      }),
    )
  }

  #setSpeed(video: HTMLVideoElement, speed: number): void {
    video.defaultPlaybackRate = speed // loading another source returns to this one
    video.playbackRate = speed
  }

  #onTime(video: HTMLVideoElement, options: PlayerOptions): void {
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING || this.#recovering || this.#held) return
    this.#positionMs = Math.round(video.currentTime * 1000)
    options.onPosition()
  }

  #onPlay(options: PlayerOptions): void {
    this.#wantsPlay = true
    this.#pausedByHiding = false
    options.onPosition()
  }

  #onPlaying(sources: readonly Source[]): void {
    this.#attempts = { failed: this.#offer?.sources ?? sources, sameTries: 0, offlineTries: 0 }
    this.#say(undefined)
  }

  #onPause(video: HTMLVideoElement, options: PlayerOptions): void {
    // Chromium pauses a muted video in a hidden tab: that is neither a wish nor an end, so it goes on when the tab is seen again.
    this.#pausedByHiding = document.hidden && video.muted && !video.ended
    if (!this.#recovering) this.#wantsPlay = this.#pausedByHiding
    options.onPosition()
    this.#takeBetter()
  }

  #onVisibility(): void {
    if (document.hidden || !this.#pausedByHiding) return
    this.#pausedByHiding = false
    void this.#video?.play().catch(() => undefined)
  }

  #onError(event: Event, video: HTMLVideoElement): void {
    // Of several sources, the last one that fails is the failure.
    if (event.target instanceof HTMLSourceElement && event.target !== video.querySelector('source:last-of-type')) return
    void this.#recover(video)
  }

  #takeBetter(): void {
    const [video, better, options] = [this.#video, this.#better, this.#options]
    if (!video || !better || !options || this.playing || this.#recovering || this.#pausedByHiding) return
    if (document.pictureInPictureElement === video) return
    this.#better = undefined
    this.#offer = better
    this.#load(video, better.sources, false)
  }

  /** Sets other addresses at the same position; the frame that is seen stays until the new one is there. */
  #load(video: HTMLVideoElement, sources: readonly Source[], play: boolean): void {
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.#positionMs > 0) freezeFrame(this, video)
    video.removeAttribute('src')
    video.replaceChildren(...sources.map(makeSource))
    video.load()
    this.#arrive(video)
    if (play) void video.play().catch(() => undefined)
  }

  /** Seeks a source that is being loaded to the known position, as soon as it can. */
  #arrive(video: HTMLVideoElement): void {
    this.#held = this.#positionMs > 0
    if (!this.#held) return
    const seek = () => {
      video.currentTime = this.#positionMs / 1000
      const arrived = () => {
        this.#held = false
        this.#options?.onPosition()
      }
      video.addEventListener('seeked', arrived, { once: true })
    }
    video.addEventListener('loadedmetadata', seek, { once: true })
  }

  async #recover(video: HTMLVideoElement): Promise<void> {
    const options = this.#options
    if (!options || this.#recovering || !this.#offer) return
    this.#recovering = true
    const play = this.#wantsPlay
    try {
      for (;;) {
        const fresh = await options.refresh(options.signal)
        const { step, attempts } = nextStep(this.#attempts, fresh)
        this.#attempts = attempts
        if (step.at === 'wait') {
          this.#say('No connection. It goes on from here by itself.')
          await onlineOrAfter(step.ms, options.signal)
          continue
        }
        if (step.at === 'gone') options.onGone()
        if (step.at === 'give-up') this.#sayBroken(video)
        if (step.at === 'load') {
          this.#better = undefined
          this.#offer = { ...this.#offer, sources: step.sources }
          this.#load(video, step.sources, play)
          this.#say(undefined)
        }
        return
      }
    } catch {
      // the page is going away
    } finally {
      this.#recovering = false
    }
  }

  #sayBroken(video: HTMLVideoElement): void {
    const again = makeButton('Try again', 'btn', () => {
      this.#attempts = { failed: [], sameTries: 0, offlineTries: 0 }
      this.#wantsPlay = true
      this.#say(undefined)
      void this.#recover(video)
    })
    this.#say('This browser could not play the video.', again)
  }

  #say(sentence: string | undefined, ...more: HTMLElement[]): void {
    if (sentence === undefined) {
      this.#note?.remove()
      this.#note = undefined
      return
    }
    const note = make('div', 'player-note', make('span', '', sentence), ...more)
    note.setAttribute('role', 'status')
    this.#note?.remove()
    this.#note = note
    this.append(note)
  }
}

function makeSource(source: Source): HTMLSourceElement {
  const element = document.createElement('source')
  element.src = source.url
  element.type = source.type
  return element
}

/** Waits for ms, or for the network to come back, whichever is first; rejects when signal ends it. */
function onlineOrAfter(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = new AbortController()
    const stop = () => {
      done.abort()
      clearTimeout(timer)
    }
    const finish = () => {
      stop()
      resolve()
    }
    const timer = setTimeout(finish, ms)
    window.addEventListener('online', finish, { signal: done.signal })
    signal.addEventListener(
      'abort',
      () => {
        stop()
        reject(signal.reason)
      },
      { signal: done.signal },
    )
  })
}

export function definePlayer(): void {
  if (!customElements.get('mw-player')) customElements.define('mw-player', MwPlayer)
}
