// A picture track that outlives what is shared: another window can take its place, and a screen on
// which nothing moves still gives a picture now and then, without which a recorder of MP4 hands
// nothing over. Only where the browser can pass frames through a worker.

export type ToRelay = { writable: WritableStream<VideoFrame> } | { readable: ReadableStream<VideoFrame> }

export interface Relay {
  readonly track: MediaStreamTrack
  /** use lets the frames of another track through. */
  use(track: MediaStreamTrack): void
  close(): void
}

/** What TypeScript does not know of yet. */
type Processor = new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> }
type Generator = new (init: { kind: 'video' }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> }

/** openRelay answers null where the browser has no such parts. */
export function openRelay(first: MediaStreamTrack): Relay | null {
  const { MediaStreamTrackProcessor: From, MediaStreamTrackGenerator: To } = globalThis as {
    MediaStreamTrackProcessor?: Processor
    MediaStreamTrackGenerator?: Generator
  }
  if (!From || !To) return null
  const worker = new Worker(new URL('./relay-worker.ts', import.meta.url), { type: 'module', name: 'relay' })
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
    use,
    close: () => {
      track.stop()
      worker.terminate()
    },
  }
}
