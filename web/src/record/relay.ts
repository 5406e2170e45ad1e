// A picture track that outlives the shared screen. Another window can replace it. If nothing moves
// on the screen, it still sends a frame from time to time: without frames an MP4 recorder delivers
// nothing. Only for browsers that can pass frames through a worker.
import type { Frames } from './watchdog'

export type ToRelay = { writable: WritableStream<VideoFrame> } | { readable: ReadableStream<VideoFrame> }

export interface Relay {
  readonly track: MediaStreamTrack
  /** The frames that came to it, also if they were repeated; null if it has not said yet. */
  readonly frames: Frames | null
  /** use switches to the frames of another track. */
  use(track: MediaStreamTrack): void
  close(): void
}

/** TypeScript does not have these yet. */
type Processor = new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> }
type Generator = new (init: { kind: 'video' }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> }

/** openRelay returns null if the browser cannot do this. */
export function openRelay(first: MediaStreamTrack): Relay | null {
  const { MediaStreamTrackProcessor: From, MediaStreamTrackGenerator: To } = globalThis as {
    MediaStreamTrackProcessor?: Processor
    MediaStreamTrackGenerator?: Generator
  }
  if (!From || !To) return null
  const worker = new Worker(new URL('./relay-worker.ts', import.meta.url), { type: 'module', name: 'relay' })
  let frames: Frames | null = null
  worker.onmessage = ({ data }: MessageEvent<number>) => {
    frames = { count: data, atMs: performance.now() }
  }
  const track = new To({ kind: 'video' })
  const send = (message: ToRelay, stream: Transferable): void => worker.postMessage(message, [stream])
  send({ writable: track.writable }, track.writable)
  const use = (next: MediaStreamTrack): void => {
    const { readable } = new From({ track: next })
    send({ readable }, readable)
  }
  use(first)
  return {
    track,
    get frames() {
      return frames
    },
    use,
    close: () => {
      track.stop()
      worker.terminate()
    },
  }
}
