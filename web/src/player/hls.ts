// HLS with hls.js, in its own chunk. It is loaded only if the connection is too slow for the file,
// or if somebody chose a size without a file.
import Hls, { type ErrorData } from 'hls.js/light'
import { withGrantOf } from './sources'

export interface StreamHooks {
  /** No more bytes come: the addresses have expired, or there is no response. renew continues. */
  onLost(): void
  /** This browser cannot play it. */
  onFailed(): void
  /** Bytes come and play. */
  onFlow(): void
}

export interface Stream {
  /** Continues with the grant of a new address. What is buffered plays on. */
  renew(url: string): void
  close(): void
}

/**
 * Plays the list of rungs at url in video, from startMs and from the lowest rung. video forgets
 * what it played before.
 */
export function openStream(video: HTMLVideoElement, url: string, startMs: number, hooks: StreamHooks): Stream {
  let address = url
  let repaired = false // a decoder gets one second chance
  const hls = new Hls({
    startLevel: 0,
    startPosition: startMs / 1000,
    progressive: true,
    lowLatencyMode: false,
    enableWorker: false, // fragmented MP4 needs no work, so no worker
    capLevelToPlayerSize: true,
    backBufferLength: 60,
    fetchSetup: (context, init: RequestInit) => new Request(withGrantOf(context.url, address), init),
    xhrSetup: (xhr, asked) => xhr.open('GET', withGrantOf(asked, address), true),
  })
  const fail = (data: ErrorData) => {
    if (data.response?.code === 403 || (data.fatal && data.type === Hls.ErrorTypes.NETWORK_ERROR)) hooks.onLost()
    else if (data.fatal && data.type === Hls.ErrorTypes.MEDIA_ERROR && !repaired) {
      repaired = true
      hls.recoverMediaError()
    } else if (data.fatal) hooks.onFailed()
  }
  hls.on(Hls.Events.ERROR, (_, data) => fail(data))
  hls.on(Hls.Events.FRAG_BUFFERED, () => {
    repaired = false
    hooks.onFlow()
  })
  hls.loadSource(url)
  hls.attachMedia(video)
  return {
    renew(next) {
      address = next
      if (hls.levels.length === 0) hls.loadSource(next)
      else hls.startLoad(-1)
    },
    close() {
      hls.destroy()
    },
  }
}
