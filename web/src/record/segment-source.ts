// What turns tracks into chunks. Every tier stands behind the same interface; this one is the browser's own recorder.

/** A recorder of MP4 hands a piece over when the next key frame comes, so this is what a crash costs at most: below the two seconds that are
 * promised, with room for the encoder and the disk. */
const gopMs = 1700

/** Shorter than a piece: with the same length, a piece that came a moment early would wait for the next one. */
const sliceMs = 1000

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
  // videoKeyFrameIntervalDuration is not in TypeScript's list yet. Without it a recorder of MP4 holds back up to nine seconds.
  const options: MediaRecorderOptions & { videoKeyFrameIntervalDuration: number } = {
    mimeType: type,
    ...quality,
    videoKeyFrameIntervalDuration: gopMs,
  }
  const recorder = new MediaRecorder(stream, options)
  let isStopping = false
  const stopped = new Promise<void>((resolve) => {
    recorder.onstop = () => {
      resolve()
      if (!isStopping) listen.onLost()
    }
  })
  recorder.onstart = () => listen.onStart(performance.now())
  recorder.ondataavailable = (event) => {
    if (event.data.size > 0) listen.onChunk(event.data) // some browsers hand over empty ones: they are no chunks
  }
  recorder.start(sliceMs)
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
