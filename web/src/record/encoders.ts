// The page's side of the worker that encodes (tier A). Tracks go in as streams of frames, and
// pieces of MP4 come back.
import type { Inputs, Plan } from './encoding'
import type { Listener, Quality, SegmentSource } from './segment-source'
import type { TrackName } from './track'
import type { Frames } from './watchdog'

export type ToEncoders =
  | { command: 'record'; track: TrackName; plan: Omit<Plan, 'sound'>; inputs: Inputs }
  | { command: 'use'; track: TrackName; picture: ReadableStream<VideoFrame> }
  | { command: 'pause' | 'resume' | 'stop'; track: TrackName }

export type FromEncoders =
  | { event: 'ready' }
  | { event: 'started'; track: TrackName; atMs: number }
  | { event: 'frames'; track: TrackName; count: number }
  | { event: 'piece'; track: TrackName; piece: Blob; type: string }
  | { event: 'lost' | 'stopped'; track: TrackName }

/** TypeScript does not have these yet. */
type Processor = new <T>(init: { track: MediaStreamTrack; maxBufferSize?: number }) => { readable: ReadableStream<T> }

/** A second of sound: blocks come every 10 ms, and none may be lost while other code runs. */
const soundBlocks = 100

type Job = { listen: Listener; type: string; frames: Frames | null; onStopped: () => void }

export class Encoders {
  /** False if the worker does not start. */
  readonly ready: Promise<boolean>
  private readonly worker = new Worker(new URL('./encoder-worker.ts', import.meta.url), {
    type: 'module',
    name: 'encoders',
  })
  private readonly jobs = new Map<TrackName, Job>()
  private isBroken = false

  constructor() {
    this.ready = new Promise((resolve) => {
      this.worker.onmessage = ({ data }: MessageEvent<FromEncoders>) => {
        if (data.event === 'ready') resolve(true)
        else this.hear(data)
      }
      this.worker.onerror = (event) => {
        event.preventDefault()
        this.isBroken = true
        resolve(false)
        for (const track of [...this.jobs.keys()]) this.lose(track)
      }
    })
  }

  /** record starts a track. It throws if the worker has not started. */
  record(track: TrackName, stream: MediaStream, type: string, quality: Quality, listen: Listener): SegmentSource {
    if (this.isBroken) throw new Error('the encoders have not come to life')
    const [picture, sound] = [stream.getVideoTracks()[0], stream.getAudioTracks()[0]]
    const { sampleRate = 48_000, channelCount = 2 } = sound?.getSettings() ?? {}
    const inputs: Inputs = {
      picture: picture ? framesOf<VideoFrame>(picture) : null,
      sound: sound ? framesOf<AudioData>(sound, soundBlocks) : null,
    }
    let onStopped: () => void = () => undefined
    const stopped = new Promise<void>((resolve) => {
      onStopped = resolve
    })
    const job: Job = { listen, type, frames: null, onStopped }
    this.jobs.set(track, job)
    const plan = { video: /avc1\.\w+/.exec(type)?.[0] ?? '', ...quality, rate: sampleRate, channels: channelCount }
    this.post({ command: 'record', track, plan, inputs }, [inputs.picture, inputs.sound])
    return {
      get type() {
        return job.type
      },
      get frames() {
        return job.frames
      },
      pause: () => this.post({ command: 'pause', track }),
      resume: () => this.post({ command: 'resume', track }),
      stop: () => {
        if (this.jobs.get(track) === job) this.post({ command: 'stop', track })
        return stopped
      },
      use: (next) => {
        const frames = framesOf<VideoFrame>(next)
        this.post({ command: 'use', track, picture: frames }, [frames])
      },
    }
  }

  close(): void {
    this.worker.terminate()
  }

  private post(message: ToEncoders, streams: (Transferable | null)[] = []): void {
    this.worker.postMessage(
      message,
      streams.filter((s) => s !== null),
    )
  }

  private hear(message: Exclude<FromEncoders, { event: 'ready' }>): void {
    const { track } = message
    const job = this.jobs.get(track)
    if (!job) return
    if (message.event === 'started') job.listen.onStart(message.atMs - performance.timeOrigin)
    else if (message.event === 'frames') job.frames = { count: message.count, atMs: performance.now() }
    else if (message.event === 'lost') this.lose(track)
    else if (message.event === 'piece') {
      job.type = message.type
      job.listen.onChunk(message.piece)
    } else {
      this.jobs.delete(track)
      job.onStopped()
    }
  }

  private lose(track: TrackName): void {
    const job = this.jobs.get(track)
    this.jobs.delete(track)
    job?.onStopped()
    job?.listen.onLost()
  }
}

function framesOf<T>(track: MediaStreamTrack, maxBufferSize?: number): ReadableStream<T> {
  const { MediaStreamTrackProcessor: From } = globalThis as unknown as { MediaStreamTrackProcessor: Processor }
  return new From<T>(maxBufferSize ? { track, maxBufferSize } : { track }).readable
}
