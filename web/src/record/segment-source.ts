// What turns tracks into chunks. Every tier stands behind the same interface; this one is the
// browser's own recorder.

/**
 * A recorder of MP4 hands a piece over when the next key frame comes, so this is what a crash
 * costs: with a still screen a frame comes up to 0.2 s later, and encoder and disk need 0.1 s (0.2
 * s at a load of five a core). Together they stay below the two seconds that are promised.
 */
const gopMs = 1500

/**
 * A piece that comes sooner than a slice after the one before is held back until the next one
 * comes. So a slice is much shorter than a piece of MP4; sound alone, and WebM, come in pieces as
 * long as a slice.
 */
const slicesMs = { mp4: 300, other: 1000 }

export type Quality = { videoBitsPerSecond: number; audioBitsPerSecond: number }

export const screenQuality: Quality = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 128_000 }
export const cameraQuality: Quality = { videoBitsPerSecond: 600_000, audioBitsPerSecond: 128_000 }

export interface SegmentSource {
  /** What is really written, which may be other than what was asked for. */
  readonly type: string
  pause(): void
  resume(): void
  /** stop resolves when the last chunk was handed over. */
  stop(): Promise<void>
  /** use takes the picture from another track, where a recorder can. */
  use?(picture: MediaStreamTrack): void
}

export type Listener = {
  onChunk: (blob: Blob) => void
  /** The first moment of the recording, by performance.now(). */
  onStart: (atMs: number) => void
  /** It ended by itself. What was handed over is whole. */
  onLost: () => void
}

/** recordTracks starts the browser's recorder (tiers B and C). */
export function recordTracks(stream: MediaStream, type: string, quality: Quality, listen: Listener): SegmentSource {
  // videoKeyFrameIntervalDuration is not in TypeScript's list yet. Without it a recorder of MP4
  // holds back up to nine seconds.
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
    // some browsers hand over empty ones: they are no pieces
    if (event.data.size > 0) pieces.push(event.data)
    // Chromium hands over what it wrote first of a piece and keeps the rest until the next piece,
    // unless it is asked.
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
