// What a <video> gets its bytes from: whole files, or a stream. A change between them shows neither
// a black frame nor a jump.
import type { Source } from '../api/shared-video'
import { mayHaveExpired } from './expiry'
import { freezeFrame } from './freeze'
import type { Stream, StreamHooks } from './hls'

const HLS_TYPE = 'application/vnd.apple.mpegurl'

/**
 * Events about a source that is loading, not about the video. The controls must not get them, or
 * their times would fall to 0:00.
 */
const LOADING_EVENTS = ['emptied', 'loadstart', 'durationchange', 'loadedmetadata', 'timeupdate', 'progress'] as const

export interface FeedHooks extends StreamHooks {
  /** The new source has loaded and plays from the right place. */
  onArrived(): void
}

export class Feed {
  #stream: Stream | undefined
  #loads = 0
  #held = false
  #eventsMuted = false
  #targetMs = 0
  #loadedMs = performance.now()

  constructor(
    readonly video: HTMLVideoElement,
    private readonly stage: HTMLElement,
    private readonly hooks: FeedHooks,
    signal: AbortSignal,
  ) {
    const muteEvent = (event: Event) => {
      if (this.#eventsMuted && event.isTrusted) event.stopImmediatePropagation()
    }
    for (const name of LOADING_EVENTS) video.addEventListener(name, muteEvent, { signal, capture: true })
    const jump = (event: Event) => {
      if (!this.#held || !(event instanceof CustomEvent) || typeof event.detail !== 'number') return
      event.stopPropagation() // the controls would seek in a video that is not there yet
      this.seek(event.detail * 1000)
    }
    stage.addEventListener('mediaseekrequest', jump, { signal, capture: true })
    signal.addEventListener('abort', () => this.close())
  }

  /** A source is loading: until then the video's reported position is not the real one. */
  get held(): boolean {
    return this.#held
  }

  /** hls.js feeds the video and handles its errors. */
  get streaming(): boolean {
    return this.#stream !== undefined
  }

  /**
   * A file plays, and the rest of it needs bytes from an address that may have expired. Such
   * addresses work for lifeMs.
   */
  mayHaveExpired(lifeMs: number): boolean {
    if (this.#held || this.#stream) return false
    const { buffered, currentTime: fromS, duration, paused } = this.video
    return mayHaveExpired({
      lifeMs,
      ageMs: performance.now() - this.#loadedMs,
      buffered,
      fromS,
      untilS: paused ? fromS : duration,
    })
  }

  /** Makes the source that the page's HTML began to load start at atMs. */
  adopt(atMs: number): void {
    if (atMs > 0) this.#arrive(atMs)
  }

  /** Seeks, even while a source is loading. */
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
   * Plays a stream. When it is ready, at says from where. Returns false if that is impossible now:
   * the old source plays on.
   */
  async playStream(url: string, at: () => { ms: number; play: boolean }): Promise<boolean> {
    if (playsNatively(this.video)) {
      const { ms, play } = at()
      this.playFiles([{ url, type: HLS_TYPE, width: 0, height: 0 }], ms, play)
      return true
    }
    const load = ++this.#loads
    const opener = await loadHls()
    if (load !== this.#loads) return true // a newer request replaced this one
    if (!opener) return false
    const { ms, play } = at()
    this.#leave(ms)
    this.video.replaceChildren()
    this.#stream = opener.openStream(this.video, url, ms, this.hooks)
    this.#go(ms, play)
    return true
  }

  /** The stream's address with a new grant. */
  renew(url: string): void {
    this.#stream?.renew(url)
  }

  close(): void {
    this.#loads++
    this.#stream?.close()
    this.#stream = undefined
  }

  /** Keeps the shown frame and releases its source. */
  #leave(atMs: number): void {
    // During a seek there are only the header and the old frame.
    const seen = this.video.readyState >= HTMLMediaElement.HAVE_METADATA && (atMs > 0 || this.video.played.length > 0)
    if (seen) freezeFrame(this.video, arrivalAt(atMs))
    this.#eventsMuted = true
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
      this.#eventsMuted = false
      // for the listeners that missed them
      for (const name of ['durationchange', 'progress'] as const) video.dispatchEvent(new Event(name))
      this.hooks.onArrived()
    }
    const known = () => {
      if (load !== this.#loads) return done.abort()
      if (this.#targetMs > 0) video.currentTime = this.#targetMs / 1000
      video.addEventListener(arrivalAt(this.#targetMs), arrived, { signal })
    }
    // in the capture phase, before events are muted
    this.stage.addEventListener('loadedmetadata', known, { signal, capture: true })
    video.addEventListener('error', () => done.abort(), { signal })
  }
}

/** The event that means that a source has arrived at ms. */
function arrivalAt(ms: number): 'seeked' | 'loadeddata' {
  return ms > 0 ? 'seeked' : 'loadeddata'
}

/** Loads the chunk; undefined if it does not come, or if hls.js says that it cannot work here. */
async function loadHls(): Promise<typeof import('./hls') | undefined> {
  try {
    return await import('./hls')
  } catch {
    return undefined
  }
}

/** Starts to load what a stream needs, so that it is ready if needed. */
export function prepareStream(video: HTMLVideoElement): void {
  if (!playsNatively(video)) void loadHls()
}

/** iPhones, which have no media source extensions, play HLS themselves. */
function playsNatively(video: HTMLVideoElement): boolean {
  return !('MediaSource' in window) && video.canPlayType(HLS_TYPE) !== ''
}

function makeSource(source: Source): HTMLSourceElement {
  const element = document.createElement('source')
  element.src = source.url
  element.type = source.type
  return element
}
