// What a <video> gets its bytes from: whole files, or a stream. Changing from one to another shows
// neither a black frame nor a jump.
import type { Source } from '../api/shared-video'
import { freezeFrame } from './freeze'
import type { Stream, StreamHooks } from './hls'
import { outlives } from './outlive'

const HLS_TYPE = 'application/vnd.apple.mpegurl'

/**
 * What tells of a source that is being loaded, not of the video: the controls must not hear it, or
 * their times would fall to 0:00.
 */
const LOADING_EVENTS = ['emptied', 'loadstart', 'durationchange', 'loadedmetadata', 'timeupdate', 'progress'] as const

export interface FeedHooks extends StreamHooks {
  /** The source that was on its way plays from where it should. */
  onArrived(): void
}

export class Feed {
  #stream: Stream | undefined
  #loads = 0
  #held = false
  #hushed = false
  #targetMs = 0
  #loadedMs = performance.now()

  constructor(
    readonly video: HTMLVideoElement,
    private readonly stage: HTMLElement,
    private readonly hooks: FeedHooks,
    signal: AbortSignal,
  ) {
    const hush = (event: Event) => {
      if (this.#hushed && event.isTrusted) event.stopImmediatePropagation()
    }
    for (const name of LOADING_EVENTS) video.addEventListener(name, hush, { signal, capture: true })
    const jump = (event: Event) => {
      if (!this.#held || !(event instanceof CustomEvent) || typeof event.detail !== 'number') return
      event.stopPropagation() // the controls would move a video that is not there yet
      this.seek(event.detail * 1000)
    }
    stage.addEventListener('mediaseekrequest', jump, { signal, capture: true })
    signal.addEventListener('abort', () => this.close())
  }

  /** A source is on its way: what the video reports until it arrives is not the position. */
  get held(): boolean {
    return this.#held
  }

  /** hls.js feeds the video, and hears of its errors. */
  get streaming(): boolean {
    return this.#stream !== undefined
  }

  /**
   * A file plays, and from here on needs bytes of an address that may have ended: those that the
   * browser is sent to open for lifeMs.
   */
  outlived(lifeMs: number): boolean {
    if (this.#held || this.#stream) return false
    const { buffered, currentTime: fromS, duration, paused } = this.video
    return outlives({
      lifeMs,
      ageMs: performance.now() - this.#loadedMs,
      buffered,
      fromS,
      untilS: paused ? fromS : duration,
    })
  }

  /** Sees to it that what the page's HTML began to load starts at atMs. */
  adopt(atMs: number): void {
    if (atMs > 0) this.#arrive(atMs)
  }

  /** Jumps, also while a source is on its way. */
  seek(ms: number): void {
    this.#targetMs = ms
    if (!this.#held || this.video.readyState >= HTMLMediaElement.HAVE_METADATA) this.video.currentTime = ms / 1000
  }

  /** Plays the first of sources that can be played, from atMs. */
  playFiles(sources: readonly Source[], atMs: number, play: boolean): void {
    this.#leave(atMs)
    this.#loadedMs = performance.now()
    this.video.replaceChildren(...sources.map(makeSource))
    this.video.load()
    this.#go(atMs, play)
  }

  /**
   * Plays a stream from where at says when it is ready to. False when that cannot be now: what
   * played before still does.
   */
  async playStream(url: string, at: () => { ms: number; play: boolean }): Promise<boolean> {
    if (playsNatively(this.video)) {
      const { ms, play } = at()
      this.playFiles([{ url, type: HLS_TYPE, width: 0, height: 0 }], ms, play)
      return true
    }
    const load = ++this.#loads
    const opener = await loadHls()
    if (load !== this.#loads) return true // something else was asked for meanwhile
    if (!opener) return false
    const { ms, play } = at()
    this.#leave(ms)
    this.video.replaceChildren()
    this.#stream = opener.openStream(this.video, url, ms, this.hooks)
    this.#go(ms, play)
    return true
  }

  /** The stream's address under a new grant. */
  renew(url: string): void {
    this.#stream?.renew(url)
  }

  close(): void {
    this.#loads++
    this.#stream?.close()
    this.#stream = undefined
  }

  /** Keeps the frame that is seen, and lets go of what it came from. */
  #leave(atMs: number): void {
    // In the middle of a jump there are only the header and the frame of before.
    const seen = this.video.readyState >= HTMLMediaElement.HAVE_METADATA && (atMs > 0 || this.video.played.length > 0)
    if (seen) freezeFrame(this.video, arrivalAt(atMs))
    this.#hushed = true
    this.close()
    this.video.removeAttribute('src')
  }

  #go(atMs: number, play: boolean): void {
    this.#arrive(atMs)
    if (play) void this.video.play().catch(() => undefined)
  }

  #arrive(atMs: number): void {
    const { video } = this
    const load = this.#loads
    this.#held = true
    this.#targetMs = atMs
    const done = new AbortController()
    const { signal } = done
    const arrived = () => {
      done.abort()
      if (load !== this.#loads) return
      this.#held = false
      this.#hushed = false
      // for whoever did not hear them
      for (const name of ['durationchange', 'progress'] as const) video.dispatchEvent(new Event(name))
      this.hooks.onArrived()
    }
    const known = () => {
      if (load !== this.#loads) return done.abort()
      if (this.#targetMs > 0) video.currentTime = this.#targetMs / 1000
      video.addEventListener(arrivalAt(this.#targetMs), arrived, { signal })
    }
    // on the way down, before it is hushed
    this.stage.addEventListener('loadedmetadata', known, { signal, capture: true })
    video.addEventListener('error', () => done.abort(), { signal })
  }
}

/** What tells that a source has arrived at ms. */
function arrivalAt(ms: number): 'seeked' | 'loadeddata' {
  return ms > 0 ? 'seeked' : 'loadeddata'
}

/** Fetches the chunk; undefined when it does not come, or hls.js says that it cannot work here. */
async function loadHls(): Promise<typeof import('./hls') | undefined> {
  try {
    return await import('./hls')
  } catch {
    return undefined
  }
}

/** Begins to fetch what a stream needs, so that it is here if it is. */
export function prepareStream(video: HTMLVideoElement): void {
  if (!playsNatively(video)) void loadHls()
}

/** iPhones, where there are no media source extensions, play HLS themselves. */
function playsNatively(video: HTMLVideoElement): boolean {
  return !('MediaSource' in window) && video.canPlayType(HLS_TYPE) !== ''
}

function makeSource(source: Source): HTMLSourceElement {
  const element = document.createElement('source')
  element.src = source.url
  element.type = source.type
  return element
}
