// Turns tracks into chunks. Every tier has the same interface. This one is the browser's own
// recorder.
import type { Frames } from './watchdog'

/**
 * An MP4 recorder delivers a piece when the next key frame comes, so a crash loses this much. With
 * a still screen a frame comes up to 0.2 s later, and encoder and disk need 0.1 s (0.2 s at a load
 * of five a core). Together that is less than the promised two seconds.
 */
const gopMs = 1500

/**
 * A piece that comes less than a slice after the one before waits for the next one. So a slice is
 * much shorter than a piece of MP4. Sound alone, and WebM, come in pieces as long as a slice.
 */
const slicesMs = { mp4: 300, other: 1000 }

export type Quality = { videoBitsPerSecond: number; audioBitsPerSecond: number }

export const screenQuality: Quality = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 128_000 }
export const cameraQuality: Quality = { videoBitsPerSecond: 600_000, audioBitsPerSecond: 128_000 }

export interface SegmentSource {
  /** The type that is really written. It may differ from the requested one. */
  readonly type: string
  pause(): void
  resume(): void
  /** stop resolves when the last chunk has been delivered. */
  stop(): Promise<void>
  /** use takes the picture from another track, if the recorder can. */
  use?(picture: MediaStreamTrack): void
  /** The frames that have come to it. Only who sees them can say. */
  readonly frames?: Frames | null
}

export type Listener = {
  onChunk: (blob: Blob) => void
  /** The time of the recording's first moment, by performance.now(). */
  onStart: (atMs: number) => void
  /** It ended by itself. All delivered chunks are complete. */
  onLost: () => void
}

/** recordTracks starts the browser's recorder (tiers B and C). */
export function recordTracks(stream: MediaStream, type: string, quality: Quality, listen: Listener): SegmentSource {
  // videoKeyFrameIntervalDuration is not in TypeScript yet. Without it an MP4 recorder holds back
  // up to nine seconds.
  const options: MediaRecorderOptions & { videoKeyFrameIntervalDuration: number } = {
    mimeType: type,
    ...quality,
    videoKeyFrameIntervalDuration: gopMs,
  }
  const recorder = new MediaRecorder(stream, options)
  let isStopping = false
  const stopped = new Promise<void>((resolve) => {
    recorder.onstop = () => {
      hand()
      resolve()
      if (!isStopping) listen.onLost()
    }
  })
  recorder.onstart = () => listen.onStart(performance.now())
  const isMp4 = type.startsWith('video/mp4')
  let pieces: Blob[] = []
  let isAsking = false
  const hand = (): void => {
    if (pieces.length > 0) listen.onChunk(new Blob(pieces, { type: recorder.mimeType }))
    pieces = []
  }
  recorder.ondataavailable = (event) => {
    // some browsers deliver empty blobs: ignore them
    if (event.data.size > 0) pieces.push(event.data)
    // Chromium delivers the first part of a piece and keeps the rest until the next piece, unless
    // we ask for it.
    isAsking = isMp4 && !isAsking && event.data.size > 0 && recorder.state !== 'inactive'
    if (isAsking) recorder.requestData()
    else hand()
  }
  recorder.start(isMp4 ? slicesMs.mp4 : slicesMs.other)
  return {
    get type() {
      return recorder.mimeType || type
    },
    pause: () => recorder.state === 'recording' && recorder.pause(),
    resume: () => recorder.state === 'paused' && recorder.resume(),
    stop: () => {
      isStopping = true
      if (recorder.state !== 'inactive') recorder.stop()
      return stopped
    },
  }
}
