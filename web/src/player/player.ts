// <mw-player>: a plain <video> under media-chrome's controls. The video may stand in the page's
// HTML already (it plays with scripts off), or come later, when there is something to play. This
// element owns the DOM; state.ts decides.
import { makeButton } from '../ui/dom'
import type { SafeStorage } from '../ui/safe-storage'
import { act } from './act'
import type { Controls } from './controls'
import { Feed, prepareStream } from './feed'
import type { KeyAction } from './keys'
import { makeVideo } from './make-video'
import type { Mark } from './markers'
import { Note } from './note'
import { posterWhereEmpty } from './poster'
import { fetchRenditions, keepQuality, readQuality, screenOf } from './quality'
import { type Fresh, recover } from './recovery'
import { AUTO, type Plan, qualities } from './renditions'
import { type Media, withGrantOf } from './sources'
import { keepSpeed, readSpeed, setSpeed } from './speed'
import {
  mayLeaveFile,
  mayStarve,
  missingRenditions,
  newPlayerState,
  type Playback,
  type PlayerEvent,
  type PlayerState,
  reduce,
} from './state'
import { listenToVideo } from './video-events'
import { watchConnection } from './watch-connection'

export type { Playback } from './state'

export interface PlayerOptions {
  keep: SafeStorage // on this device
  tab: SafeStorage // in this tab
  startMs: number
  /** Asks for the video again, after a source failed. */
  refresh(signal: AbortSignal): Promise<Fresh>
  /** The position or the playing state changed. */
  onPosition(): void
  /** A marker was pressed; the player has jumped already. */
  onMark(ids: string[]): void
  /** The link ended while something played. */
  onGone(): void
  signal: AbortSignal
}

/** A stream that plays and gets nothing for this long is starving. */
const STARVED_MS = 1_500

export class MwPlayer extends HTMLElement {
  #state: PlayerState = newPlayerState
  #options: PlayerOptions | undefined
  #video: HTMLVideoElement | undefined
  #feed: Feed | undefined
  #controls: Controls | undefined
  #marks: readonly Mark[] = []
  #watching: AbortController | undefined
  #positionMs = 0 // the last one known: a source that failed reports 0
  readonly #note = new Note(this)

  /** Begins to work. A video that stands in the page's HTML is taken over, not made anew. */
  start(options: PlayerOptions, playback: Playback): void {
    this.#options = options
    this.#positionMs = options.startMs
    this.#state = { ...this.#state, selectedQuality: readQuality(options.tab) }
    options.signal.addEventListener('abort', () => this.#note.clear())
    document.addEventListener('visibilitychange', () => this.#onVisibility(), { signal: options.signal })
    const video = this.querySelector('video')
    if (!video) {
      this.offer(playback)
      return
    }
    const feed = this.#adopt(video, playback, options)
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) feed.adopt(options.startMs)
    else if (video.currentTime * 1000 < options.startMs) video.currentTime = options.startMs / 1000
    this.#begin(video, playback)
    options.onPosition() // a start in the middle is shown before anything has loaded
  }

  /**
   * Takes what can be played now. The first time, the player appears. Later, a video that plays
   * goes on, and only the choice of qualities changes.
   */
  offer(playback: Playback): void {
    const options = this.#options
    if (!options || (playback.sources.length === 0 && playback.hls === undefined)) return
    if (!this.#video) {
      const { video, controller } = makeVideo(playback.title)
      this.replaceChildren(controller)
      this.#adopt(video, playback, options)
      this.#begin(video, playback)
      return
    }
    this.#dispatch({ type: 'offered', playback })
    this.#showChoice()
    if (this.#state.intent !== 'idle') void this.#readRenditions() // nobody presses play again
    this.#watch()
  }

  get positionMs(): number {
    return this.#positionMs
  }

  get durationMs(): number {
    const seconds = this.#video?.duration ?? Number.NaN
    if (Number.isFinite(seconds) && seconds > 0) return Math.round(seconds * 1000)
    return this.#state.playback?.durationMs ?? 0
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
    if (this.#video) {
      this.#dispatch({ type: 'sought' })
      this.#feed?.seek(this.#positionMs)
    }
    this.#options?.onPosition()
  }

  pause(): void {
    this.#video?.pause()
  }

  /** Leaves full screen, where the conversation cannot be seen. */
  async leaveFullScreen(): Promise<void> {
    if (!document.fullscreenElement) return
    await document.exitFullscreen()
    // the controls put the focus back on the video first
    await new Promise((resolve) => setTimeout(resolve))
  }

  setMarks(marks: readonly Mark[]): void {
    this.#marks = marks
    this.#controls?.setMarks(marks)
  }

  /** Takes the video away, for whatever is shown in its place. */
  clear(): void {
    this.#watching?.abort()
    this.#feed?.close()
    this.#video?.pause()
    this.#feed = undefined
    this.#video = undefined
    this.#controls = undefined
    this.#dispatch({ type: 'cleared' })
    this.replaceChildren()
  }

  act(action: Exclude<KeyAction, { at: 'comment' }>): void {
    const video = this.#video
    if (!video) return
    if (action.at === 'full-screen') this.#controls?.toggleFullScreen()
    else act(this, video, action)
  }

  /** Moves the state on, and loads what it says is to be played by then. */
  #dispatch(event: PlayerEvent): void {
    const before = this.#state.plan
    this.#state = reduce({ ...this.#state, screen: screenOf(window) }, event)
    const { plan } = this.#state
    if (plan && plan !== before) void this.#load(plan)
  }

  #adopt(video: HTMLVideoElement, playback: Playback, options: PlayerOptions): Feed {
    const { signal } = options
    const feedHooks = {
      onArrived: () => this.#onTime(video, options),
      onFlow: () => this.#onFlow(),
      onLost: () => void this.#recover(),
      onFailed: () => this.#onStreamFailed(),
    }
    const feed = new Feed(video, this, feedHooks, signal)
    this.#feed = feed
    this.#video = video
    setSpeed(video, readSpeed(options.keep))
    const handlers = {
      onTime: () => this.#onTime(video, options),
      onPlay: () => this.#onPlay(options),
      onPause: () => this.#onPause(video, options),
      onFlow: () => this.#onFlow(),
      onWaiting: () => this.#onWaiting(video),
      onError: (event: Event) => this.#onError(event, video),
      onSpeed: () => keepSpeed(options.keep, video.playbackRate),
      onNeed: () => this.#renewOutlived(feed),
    }
    listenToVideo(video, handlers, signal)
    if (playback.poster !== undefined) posterWhereEmpty(video, playback.poster, signal)
    this.#loadControls(video, options)
    return feed
  }

  /** Plays the quality that was chosen in this tab before, else what the HTML began with. */
  #begin(video: HTMLVideoElement, playback: Playback): void {
    this.#state = reduce(this.#state, { type: 'began', playback, playingUrl: video.currentSrc })
    if (!video.paused && this.#options) this.#onPlay(this.#options) // before this script had come
    const { plan, selectedQuality } = this.#state
    if (playback.sources.length === 0)
      this.#dispatch({ type: 'plan-wanted' }) // the HTML's files are not for this browser
    else if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) void this.#recover()
    else if (!plan || selectedQuality !== AUTO)
      void this.#readRenditions().then(() => this.#dispatch({ type: 'plan-wanted' }))
    this.#watch()
  }

  #loadControls(video: HTMLVideoElement, options: PlayerOptions): void {
    // After the first paint. If the chunk never comes, the browser's own controls serve.
    requestAnimationFrame(() =>
      setTimeout(async () => {
        const chunk = await import('./controls').catch(() => undefined)
        const controller = video.parentElement
        if (!chunk) {
          video.controls = true
          controller?.querySelector('.big')?.remove()
          return
        }
        if (options.signal.aborted || this.#video !== video || !controller) return
        this.#controls = chunk.addControls(controller, video, {
          onMark: (ms, ids) => {
            this.seek(ms)
            options.onMark(ids)
          },
          onQuality: (name) => {
            keepQuality(options.tab, name)
            this.#dispatch({ type: 'quality-selected', name })
          },
          onNear: () => void this.#readRenditions(),
          durationMs: () => this.durationMs,
          signal: options.signal,
        })
        this.#controls.setMarks(this.#marks)
        this.#showChoice()
      }),
    )
  }

  /** Shows the menu of qualities and the pictures of the seek bar that there are now. */
  #showChoice(): void {
    const { playback, renditions, selectedQuality } = this.#state
    if (!playback) return
    this.#controls?.setQualities(qualities(playback, renditions), selectedQuality)
    this.#controls?.setStoryboard(playback.storyboard)
  }

  /** Learns which sizes the stream has, once for each. */
  async #readRenditions(): Promise<void> {
    const url = missingRenditions(this.#state)
    if (!this.#options || url === undefined) return
    const renditions = await fetchRenditions(url, this.#options.signal)
    this.#dispatch({ type: 'renditions-read', url, renditions })
    this.#showChoice()
  }

  /** Plays plan from where the video stands. */
  async #load(plan: Plan): Promise<void> {
    const [video, feed] = [this.#video, this.#feed]
    if (!video || !feed) return
    this.#watching?.abort()
    const now = () => {
      if (!feed.held && video.readyState > HTMLMediaElement.HAVE_NOTHING)
        this.#positionMs = Math.round(video.currentTime * 1000)
      const { intent } = this.#state
      return { ms: this.#positionMs, play: intent === 'play' || intent === 'hidden' }
    }
    if (plan.at === 'files') {
      const { ms, play } = now()
      feed.playFiles(plan.sources, ms, play)
    } else if (!(await feed.playStream(plan.url, now))) this.#onStreamFailed()
    this.#watch()
  }

  /** Watches whether the link carries the file, where there is something else to play. */
  #watch(): void {
    const [video, options] = [this.#video, this.#options]
    if (!video || !options || !mayLeaveFile(this.#state)) return
    if (this.#watching && !this.#watching.signal.aborted) return
    const watching = new AbortController()
    this.#watching = watching
    const onVerdict = (verdict: 'prepare' | 'switch') => {
      if (verdict === 'prepare') return prepareStream(video)
      watching.abort()
      this.#dispatch({ type: 'link-too-slow' })
    }
    watchConnection(video, onVerdict, AbortSignal.any([watching.signal, options.signal]))
  }

  #onTime(video: HTMLVideoElement, options: PlayerOptions): void {
    const isKnown = video.readyState > HTMLMediaElement.HAVE_NOTHING && !this.#feed?.held
    if (!isKnown || this.#state.flow === 'recovering') return
    this.#positionMs = Math.round(video.currentTime * 1000)
    options.onPosition()
  }

  #onPlay(options: PlayerOptions): void {
    this.#dispatch({ type: 'played' })
    void this.#readRenditions()
    options.onPosition()
  }

  #onPause(video: HTMLVideoElement, options: PlayerOptions): void {
    // Chromium pauses a muted video in a hidden tab. The viewer did not want that, so it goes on
    // when the tab is shown again.
    const hidden = document.hidden && video.muted && !video.ended
    this.#dispatch({ type: 'paused', hidden, loading: this.#feed?.held ?? false })
    options.onPosition()
  }

  #onVisibility(): void {
    if (document.hidden || this.#state.intent !== 'hidden') return
    this.#dispatch({ type: 'shown' })
    void this.#video?.play().catch(() => undefined)
  }

  /**
   * A recording's stream ends for media source extensions where pictures are missing in it. A file
   * plays on: it has the sound.
   */
  #onWaiting(video: HTMLVideoElement): void {
    if (!mayStarve(this.#state)) return
    setTimeout(() => {
      const isStuck = !video.paused && !video.ended && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA
      if (isStuck) this.#dispatch({ type: 'starved' })
    }, STARVED_MS)
  }

  #onFlow(): void {
    this.#dispatch({ type: 'flowed' })
    this.#note.clear()
  }

  #onStreamFailed(): void {
    this.#dispatch({ type: 'stream-failed' })
    this.#showChoice()
  }

  #onError(event: Event, video: HTMLVideoElement): void {
    if (this.#feed?.streaming) return // onLost and onFailed tell of it
    // Of several sources, the last one that fails is the failure.
    if (event.target instanceof HTMLSourceElement && event.target !== video.querySelector('source:last-of-type')) return
    void this.#recover()
  }

  async #recover(): Promise<void> {
    const options = this.#options
    if (!options || this.#state.flow === 'recovering' || !this.#state.playback) return
    this.#dispatch({ type: 'source-failed', atMs: this.#positionMs })
    try {
      const onOffline = () => this.#note.show('No connection. It goes on from here by itself.')
      const { step, attempts } = await recover(this.#state.attempts, options.refresh, onOffline, options.signal)
      this.#dispatch({ type: 'recovery-ended', attempts })
      if (step.at === 'gone') options.onGone()
      if (step.at === 'give-up') this.#giveUp()
      if (step.at === 'load') this.#renew(step.media)
    } catch {
      this.#dispatch({ type: 'recovery-ended' }) // the page is going away
    }
  }

  /** Goes on with new addresses of the same media. */
  #renew(media: Media): void {
    this.#note.clear()
    const { plan } = this.#state
    const inPlace = plan?.at === 'stream' && this.#feed?.streaming === true
    this.#dispatch({ type: 'renewed', media, inPlace })
    if (inPlace) this.#feed?.renew(withGrantOf(plan.url, media.hls ?? plan.url))
  }

  /** Loads a file anew whose address may have ended (docs/adr/0019). */
  #renewOutlived(feed: Feed): void {
    const { flow, playback } = this.#state
    if (flow === 'recovering' || !playback || feed !== this.#feed) return
    if (feed.mayHaveExpired(Number(this.dataset.addressLifeMs ?? 0))) this.#renew(playback)
  }

  #giveUp(): void {
    this.#dispatch({ type: 'gave-up' })
    this.#showChoice()
    if (this.#state.flow !== 'failed') return
    const again = makeButton('Try again', 'btn', () => {
      this.#dispatch({ type: 'retried' })
      this.#note.clear()
      void this.#recover()
    })
    this.#note.show('This browser could not play the video.', again)
  }
}

export function definePlayer(): void {
  if (!customElements.get('mw-player')) customElements.define('mw-player', MwPlayer)
}
