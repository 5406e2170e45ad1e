// <mw-player>: a plain <video> under media-chrome's controls. The video may stand in the page's
// HTML already (it plays with scripts off), or come later, when there is something to play.
import { makeButton } from '../ui/dom'
import type { SafeStorage } from '../ui/safe-storage'
import { act } from './act'
import type { Controls } from './controls'
import { Feed, prepareStream } from './feed'
import type { KeyAction } from './keys'
import { watchLink } from './link-watch'
import { makeVideo } from './make-video'
import type { Mark } from './markers'
import { Note } from './note'
import { posterWhereEmpty } from './poster'
import { fetchRenditions, keepQuality, readQuality, screenOf } from './quality'
import { type Attempts, attemptsAt, type Fresh, newAttempts, recover } from './recovery'
import { AUTO, type Media, type Plan, planFor, qualities, type Rendition, samePlan } from './renditions'
import { areCopies, liesAsRecorded, placeOf, samePlaces, withGrantOf } from './sources'
import { keepSpeed, readSpeed, setSpeed } from './speed'

export interface Playback extends Media {
  poster: string | undefined
  storyboard: string | undefined
  title: string
  durationMs: number // 0 while unknown
}

export interface PlayerOptions {
  keep: SafeStorage // on this device
  tab: SafeStorage // in this tab
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

/** So long nothing came to a stream that plays. */
const STARVED_MS = 1_500

const nothing: Media = { sources: [], hls: undefined }

export class MwPlayer extends HTMLElement {
  #options: PlayerOptions | undefined
  #playback: Playback | undefined
  #video: HTMLVideoElement | undefined
  #feed: Feed | undefined
  #controls: Controls | undefined
  #marks: readonly Mark[] = []
  #renditions: readonly Rendition[] = []
  #renditionsOf = '' // the place of the list that they came from
  #selectedQuality = AUTO
  #plan: Plan | undefined // what plays by now
  #down = false // the link did not carry the file: a stream from here on
  #streamless = false // no stream could be played here
  #starving = false // a stream has come to where nothing comes any more
  #watching: AbortController | undefined
  #positionMs = 0 // the last one known: a source that failed reports 0
  #begun = false // somebody has played or jumped
  #wantsPlay = false
  #pausedByHiding = false
  #attempts: Attempts = newAttempts(nothing)
  #recovering = false
  readonly #note = new Note(this)

  /**
   * Begins to work; with the offer of the page's boot data the video in the HTML is taken over, not
   * made anew.
   */
  start(options: PlayerOptions, playback: Playback): void {
    this.#options = options
    this.#positionMs = options.startMs
    this.#selectedQuality = readQuality(options.tab)
    options.signal.addEventListener('abort', () => this.#note.clear())
    document.addEventListener('visibilitychange', () => this.#onVisibility(), { signal: options.signal })
    const video = this.querySelector('video')
    if (!video) {
      this.playback(playback)
      return
    }
    const feed = this.#adopt(video, playback, options)
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) feed.adopt(options.startMs)
    else if (video.currentTime * 1000 < options.startMs) video.currentTime = options.startMs / 1000
    this.#begin()
    options.onPosition() // a start in the middle is shown before anything has loaded
  }

  /**
   * What can be played now. The first offer makes the player appear; of a better one what plays
   * already takes only the choice.
   */
  playback(playback: Playback): void {
    const options = this.#options
    if (!options || (playback.sources.length === 0 && playback.hls === undefined)) return
    const before = this.#playback
    if (!this.#video || !before) {
      this.#build(playback, options)
      return
    }
    this.#playback = playback
    this.#showChoice()
    if (this.#begun) void this.#readRenditions() // nobody will press play again to learn of them
    const better = !samePlaces(before.sources, playback.sources) && !areCopies(before.sources, playback.sources)
    if (better && (!this.#begun || this.#starving) && !this.#recovering) void this.#apply()
    else this.#watch()
  }

  get positionMs(): number {
    return this.#positionMs
  }

  get durationMs(): number {
    const seconds = this.#video?.duration ?? Number.NaN
    return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : (this.#playback?.durationMs ?? 0)
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
      this.#begun = true
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
    this.#playback = undefined
    this.#plan = undefined
    this.replaceChildren()
  }

  act(action: Exclude<KeyAction, { at: 'comment' }>): void {
    const video = this.#video
    if (!video) return
    if (action.at === 'full-screen') this.#controls?.toggleFullScreen()
    else act(this, video, action)
  }

  #build(playback: Playback, options: PlayerOptions): void {
    const { video, controller } = makeVideo(playback.title)
    this.replaceChildren(controller)
    this.#adopt(video, playback, options)
    this.#begin()
  }

  #adopt(video: HTMLVideoElement, playback: Playback, options: PlayerOptions): Feed {
    const { signal } = options
    const feed = new Feed(
      video,
      this,
      {
        onArrived: () => this.#onTime(video, options),
        onFlow: () => this.#onFlow(),
        onLost: () => void this.#recover(video),
        onFailed: () => this.#leaveStreams(),
      },
      signal,
    )
    this.#feed = feed
    this.#video = video
    this.#playback = playback
    this.#attempts = newAttempts(playback)
    setSpeed(video, readSpeed(options.keep))
    video.addEventListener('ratechange', () => keepSpeed(options.keep, video.playbackRate), { signal })
    for (const name of ['timeupdate', 'seeking', 'durationchange', 'loadedmetadata'] as const) {
      video.addEventListener(name, () => this.#onTime(video, options), { signal })
    }
    video.addEventListener('play', () => this.#onPlay(options), { signal })
    const renew = () =>
      !this.#recovering &&
      this.#playback &&
      feed.outlived(Number(this.dataset.addressLifeMs ?? 0)) &&
      this.#reload(this.#playback)
    for (const name of ['play', 'seeking', 'waiting'] as const) {
      // when the controls have seen to where it jumps
      video.addEventListener(name, () => setTimeout(renew), { signal })
    }
    video.addEventListener('pause', () => this.#onPause(video, options), { signal })
    // A <source> that fails tells only itself, and does not bubble: capture hears both.
    video.addEventListener('error', (event) => this.#onError(event, video), { signal, capture: true })
    video.addEventListener('playing', () => this.#onFlow(), { signal })
    video.addEventListener('waiting', () => this.#onWaiting(video), { signal })
    if (playback.poster !== undefined) posterWhereEmpty(video, playback.poster, signal)
    this.#loadControls(video, options)
    if (!video.paused) this.#onPlay(options) // before this script had come
    return feed
  }

  /** Plays what was chosen in this tab before, else what the HTML began with. */
  #begin(): void {
    const video = this.#video
    const playback = this.#playback
    if (!video || !playback) return
    const first = playback.sources.find((source) => placeOf(source.url) === placeOf(video.currentSrc || 'about:blank'))
    if (first) this.#plan = { at: 'files', sources: [first] }
    if (playback.sources.length === 0)
      void this.#apply() // the HTML's files are not for this browser
    else if (video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE) void this.#recover(video)
    else if (!first || this.#selectedQuality !== AUTO) void this.#readRenditions().then(() => this.#apply())
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
          onQuality: (name) => this.#choose(name),
          onNear: () => void this.#readRenditions(),
          durationMs: () => this.durationMs,
          signal: options.signal,
        })
        this.#controls.setMarks(this.#marks)
        this.#showChoice()
      }),
    )
  }

  /** The menu of sizes and the pictures of the seek bar, as the offer has them. */
  #showChoice(): void {
    if (!this.#playback) return
    this.#controls?.setQualities(qualities(this.#playback, this.#renditions), this.#selectedQuality)
    this.#controls?.setStoryboard(this.#playback.storyboard)
  }

  /** Learns which sizes the stream has, once for each. */
  async #readRenditions(): Promise<void> {
    const url = this.#playback?.hls
    if (!this.#options || url === undefined || this.#renditionsOf === placeOf(url) || liesAsRecorded(url)) return
    const renditions = await fetchRenditions(url, this.#options.signal)
    if (renditions.length === 0) return
    this.#renditions = renditions
    this.#renditionsOf = placeOf(url)
    this.#showChoice()
  }

  #choose(name: string): void {
    if (!this.#options) return
    this.#selectedQuality = name
    keepQuality(this.#options.tab, name)
    this.#begun = true
    void this.#apply()
  }

  /** Plays what is to be played by now, from where it stands, unless it does already. */
  async #apply(): Promise<void> {
    const [video, feed, playback] = [this.#video, this.#feed, this.#playback]
    if (!video || !feed || !playback) return
    const plan = planFor(
      playback,
      this.#renditions,
      this.#selectedQuality,
      this.#down && !this.#streamless,
      screenOf(window),
    )
    if (this.#plan && samePlan(this.#plan, plan)) return
    this.#plan = plan
    this.#watching?.abort()
    const now = () => {
      if (!feed.held && video.readyState > HTMLMediaElement.HAVE_NOTHING)
        this.#positionMs = Math.round(video.currentTime * 1000)
      return { ms: this.#positionMs, play: this.#wantsPlay }
    }
    if (plan.at === 'files') {
      const { ms, play } = now()
      feed.playFiles(plan.sources, ms, play)
    } else if (!(await feed.playStream(plan.url, now))) this.#leaveStreams()
    this.#watch()
  }

  /** No stream can be played, now or here: what is left are the files. */
  #leaveStreams(): void {
    this.#streamless = true
    if (this.#plan?.at === 'stream') this.#selectedQuality = AUTO
    this.#showChoice()
    void this.#apply()
  }

  /** Looks whether the link carries the file, where there is something else to play. */
  #watch(): void {
    const [video, options] = [this.#video, this.#options]
    const needed =
      this.#plan?.at === 'files' &&
      this.#selectedQuality === AUTO &&
      this.#playback?.hls !== undefined &&
      !this.#streamless
    if (!video || !options || !needed) return
    if (this.#watching && !this.#watching.signal.aborted) return
    const watching = new AbortController()
    this.#watching = watching
    const onVerdict = (verdict: 'prepare' | 'switch') => {
      if (verdict === 'prepare') return prepareStream(video)
      watching.abort()
      this.#down = true
      void this.#apply()
    }
    watchLink(video, onVerdict, AbortSignal.any([watching.signal, options.signal]))
  }

  #onTime(video: HTMLVideoElement, options: PlayerOptions): void {
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING || this.#recovering || this.#feed?.held) return
    this.#positionMs = Math.round(video.currentTime * 1000)
    options.onPosition()
  }

  #onPlay(options: PlayerOptions): void {
    this.#begun = true
    this.#wantsPlay = true
    this.#pausedByHiding = false
    void this.#readRenditions()
    options.onPosition()
  }

  /**
   * A recording's stream ends for media source extensions where pictures are missing in it. A file
   * plays on: it has the sound.
   */
  #onWaiting(video: HTMLVideoElement): void {
    if (this.#plan?.at !== 'stream' || this.#down) return
    const stuck = () => !video.paused && !video.ended && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA
    setTimeout(() => {
      if (this.#plan?.at !== 'stream' || !stuck()) return
      this.#starving = true
      // which is the file, once there is one
      if (this.#selectedQuality === AUTO && !this.#recovering) void this.#apply()
    }, STARVED_MS)
  }

  #onFlow(): void {
    this.#starving = false
    this.#attempts = newAttempts(this.#playback ?? nothing)
    this.#note.clear()
  }

  #onPause(video: HTMLVideoElement, options: PlayerOptions): void {
    // Chromium pauses a muted video in a hidden tab: that is neither a wish nor an end, so it goes
    // on when the tab is seen again.
    this.#pausedByHiding = document.hidden && video.muted && !video.ended
    if (!this.#recovering && !this.#feed?.held) this.#wantsPlay = this.#pausedByHiding
    options.onPosition()
  }

  #onVisibility(): void {
    if (document.hidden || !this.#pausedByHiding) return
    this.#pausedByHiding = false
    void this.#video?.play().catch(() => undefined)
  }

  #onError(event: Event, video: HTMLVideoElement): void {
    if (this.#feed?.streaming) return // it is told by onLost and onFailed
    // Of several sources, the last one that fails is the failure.
    if (event.target instanceof HTMLSourceElement && event.target !== video.querySelector('source:last-of-type')) return
    void this.#recover(video)
  }

  async #recover(video: HTMLVideoElement): Promise<void> {
    const options = this.#options
    if (!options || this.#recovering || !this.#playback) return
    this.#recovering = true
    try {
      const offline = () => this.#note.show('No connection. It goes on from here by itself.')
      const { step, attempts } = await recover(
        attemptsAt(this.#attempts, this.#positionMs),
        options.refresh,
        offline,
        options.signal,
      )
      this.#attempts = attempts
      if (step.at === 'gone') options.onGone()
      if (step.at === 'give-up') this.#giveUp(video)
      if (step.at === 'load') this.#reload(step.media)
    } catch {
      // the page is going away
    } finally {
      this.#recovering = false
    }
  }

  /** Goes on with the addresses of a fresh share. */
  #reload(media: Media): void {
    if (!this.#playback) return
    this.#playback = { ...this.#playback, ...media }
    this.#note.clear()
    if (this.#feed?.streaming && this.#plan?.at === 'stream') {
      this.#feed.renew(withGrantOf(this.#plan.url, media.hls ?? this.#plan.url))
      return
    }
    this.#renditions = this.#renditions.map((rendition) => ({
      ...rendition,
      url: withGrantOf(rendition.url, media.hls ?? rendition.url),
    }))
    this.#plan = undefined
    void this.#apply()
  }

  #giveUp(video: HTMLVideoElement): void {
    if (this.#plan?.at === 'stream') {
      this.#leaveStreams()
      return
    }
    const again = makeButton('Try again', 'btn', () => {
      this.#attempts = newAttempts(nothing)
      this.#wantsPlay = true
      this.#note.clear()
      void this.#recover(video)
    })
    this.#begun = false // what may come later is worth a try
    this.#note.show('This browser could not play the video.', again)
  }
}

export function definePlayer(): void {
  if (!customElements.get('mw-player')) customElements.define('mw-player', MwPlayer)
}
