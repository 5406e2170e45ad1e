// One track of a recording, made by the browser's encoders: pictures and sound in, pieces of a
// fragmented MP4 out. It runs in a worker, because its timers stay fast when the page is hidden.
import {
  AudioSample,
  AudioSampleSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
  Quality,
} from 'mediabunny'
import { FrameClock, repeatAfterMs } from './frame-clock'
import { Framer } from './framer'
import { SoundClock } from './sound-clock'

/**
 * A fragment begins with a key frame. So a crash loses this much, plus what encoder and muxer hold:
 * 0.5 s on a busy machine.
 */
const gopUs = 1_200_000

/**
 * The minimum. Fragments may be short, because a pause ends one. Fragments of sound alone have this
 * length.
 */
const leastFragmentS = { picture: 0.5, sound: 1 }

/** More frames than these in the encoder's queue would only come late. */
const longestQueue = 2

const lastFrameUs = 33_333

export type Plan = {
  /** RFC 6381. */
  video: string
  sound: 'aac' | 'opus'
  videoBitsPerSecond: number
  audioBitsPerSecond: number
  rate: number
  channels: number
}

export type Inputs = { picture: ReadableStream<VideoFrame> | null; sound: ReadableStream<AudioData> | null }

export type Hears = {
  onStart: () => void
  onPiece: (piece: Blob) => void
  onBroken: (error: unknown) => void
}

export class Encoding {
  /** What has come in: pictures, also if they were repeated; without pictures, blocks of sound. */
  frames = 0
  private readonly clock = new FrameClock()
  private readonly framer = new Framer(2)
  private readonly soundClock: SoundClock
  private readonly output: Output
  private readonly picture: EncodedVideoPacketSource | null
  private readonly sound: AudioSampleSource | null
  private readonly started: Promise<void>
  private readonly ticking: ReturnType<typeof setInterval>
  private encoder: VideoEncoder | null = null
  private pictures: ReadableStreamDefaultReader<VideoFrame> | null = null
  private sounds: ReadableStreamDefaultReader<AudioData> | null = null
  private last: VideoFrame | null = null
  private head: Uint8Array[] = []
  private nextKeyUs = 0
  private startedMs: number | null = null
  private heldMs = 0
  private heldAtMs: number | null = null
  private ending: Promise<void> | null = null

  constructor(
    private readonly plan: Plan,
    inputs: Inputs,
    private readonly hears: Hears,
  ) {
    this.soundClock = new SoundClock(plan.rate)
    const keep = (box: Uint8Array): void => void this.head.push(box)
    this.output = new Output({
      format: new Mp4OutputFormat({
        fastStart: 'fragmented',
        minimumFragmentDuration: inputs.picture ? leastFragmentS.picture : leastFragmentS.sound,
        onFtyp: keep,
        onMoov: keep,
        onMoof: keep,
        onMdat: (mdat) => this.hand(mdat),
      }),
      target: new NullTarget(),
    })
    this.picture = inputs.picture ? new EncodedVideoPacketSource('avc') : null
    this.sound = inputs.sound
      ? new AudioSampleSource({ codec: plan.sound, quality: new Quality({ bitrate: plan.audioBitsPerSecond }) })
      : null
    if (this.picture) this.output.addVideoTrack(this.picture)
    if (this.sound) this.output.addAudioTrack(this.sound)
    this.started = this.output.start()
    this.ticking = setInterval(() => this.tick(), repeatAfterMs / 2)
    this.guard(this.started)
    if (inputs.picture) this.use(inputs.picture)
    if (inputs.sound) this.guard(this.listen(inputs.sound))
  }

  /** use takes pictures from another stream from now on. */
  use(readable: ReadableStream<VideoFrame>): void {
    this.guard(this.follow(readable))
  }

  pause(): void {
    if (this.heldAtMs !== null || this.ending) return
    this.repeat(lastFrameUs) // the last seen frame lasts until now
    this.heldAtMs = performance.now()
  }

  resume(): void {
    if (this.heldAtMs === null) return
    const awayMs = performance.now() - this.heldAtMs
    this.heldAtMs = null
    this.heldMs += awayMs
    this.clock.leaveOut(awayMs)
    this.soundClock.reset()
    this.nextKeyUs = 0
  }

  /** stop resolves when the last piece has been delivered. */
  stop(): Promise<void> {
    if (this.heldAtMs === null && !this.ending) this.repeat(lastFrameUs)
    this.ending ??= this.end()
    return this.ending
  }

  private async end(): Promise<void> {
    clearInterval(this.ticking)
    for (const reader of [this.pictures, this.sounds]) void reader?.cancel().catch(() => undefined)
    await this.started.catch(() => undefined)
    if (this.encoder?.state === 'configured') await this.encoder.flush().catch(() => undefined)
    await this.output.finalize().catch(() => undefined)
    if (this.encoder?.state === 'configured') this.encoder.close()
    this.last?.close()
    this.last = null
  }

  private async follow(readable: ReadableStream<VideoFrame>): Promise<void> {
    await this.pictures?.cancel().catch(() => undefined)
    const mine = readable.getReader()
    this.pictures = mine
    this.clock.newSource()
    this.nextKeyUs = 0
    for (;;) {
      const { done, value } = await mine.read()
      if (done || this.ending) return value?.close()
      this.last?.close()
      this.last = value.clone()
      this.frames++
      this.encode(value)
      value.close()
    }
  }

  private async listen(readable: ReadableStream<AudioData>): Promise<void> {
    const mine = readable.getReader()
    this.sounds = mine
    for (;;) {
      const { done, value } = await mine.read()
      if (done || this.ending) return value?.close()
      await this.take(value).finally(() => value.close())
    }
  }

  /** Drops sound from before the first picture and from a pause. */
  private async take(data: AudioData): Promise<void> {
    if (this.heldAtMs !== null || (this.picture && this.startedMs === null)) return
    if (this.startedMs === null) this.start(performance.now() - data.duration / 1000)
    const at = this.soundClock.place(data.timestamp, data.numberOfFrames, this.nowUs())
    if (at === null) return
    if (!this.picture) this.frames++
    const sample = new AudioSample(data)
    sample.setTimestamp(at / data.sampleRate)
    await this.hear(sample)
  }

  private encode(frame: VideoFrame): void {
    if (!this.isWelcome()) return
    const nowMs = performance.now()
    if (this.startedMs === null) this.start(nowMs)
    this.give(frame, this.clock.stamp(frame.timestamp, nowMs), 0)
  }

  /** A frame is dropped during a pause, and if frames come faster than they are encoded. */
  private isWelcome(): boolean {
    const isQueued = (this.encoder?.encodeQueueSize ?? 0) > longestQueue
    return this.heldAtMs === null && !isQueued && !this.clock.isCrowded(performance.now())
  }

  private give(frame: VideoFrame, timestamp: number, duration: number): void {
    const encoder = this.encoderFor(frame)
    const keyFrame = timestamp >= this.nextKeyUs
    if (keyFrame) this.nextKeyUs = timestamp + gopUs
    const out = this.framer.framed(frame, { timestamp, duration })
    try {
      encoder.encode(out, { keyFrame })
    } finally {
      out.close()
    }
  }

  private encoderFor(frame: VideoFrame): VideoEncoder {
    if (this.encoder) return this.encoder
    const encoder = new VideoEncoder({
      output: (chunk, meta) => this.guard(this.add(chunk, meta)),
      error: (error) => this.break(error),
    })
    encoder.configure({
      codec: this.plan.video,
      ...this.framer.sizeOf(frame),
      bitrate: this.plan.videoBitsPerSecond,
      framerate: 30,
      latencyMode: 'realtime',
      avc: { format: 'avc' },
    })
    this.encoder = encoder
    return encoder
  }

  private async add(chunk: EncodedVideoChunk, meta: EncodedVideoChunkMetadata | undefined): Promise<void> {
    await this.picture?.add(EncodedPacket.fromEncodedChunk(chunk), meta)
  }

  /** repeat sends the last frame again at the end of a stretch, so that it lasts until there. */
  private repeat(durationUs = 0): void {
    if (this.last && this.startedMs !== null && this.isWelcome())
      this.give(this.last, this.clock.repeat(performance.now()), durationUs)
  }

  /** A screen where nothing moves sends no frames, and a microphone may stop. */
  private tick(): void {
    const nowMs = performance.now()
    if (this.heldAtMs !== null || this.startedMs === null) return
    if (this.last && this.clock.isDue(nowMs)) {
      this.frames++
      this.repeat()
    }
    const silence = this.sound && this.soundClock.silence(this.nowUs())
    if (!silence) return
    const { rate, channels } = this.plan
    const data = new Float32Array(silence.samples * channels)
    const sample = new AudioSample({
      data,
      format: 'f32',
      numberOfChannels: channels,
      sampleRate: rate,
      timestamp: silence.at / rate,
    })
    this.guard(this.hear(sample))
  }

  private async hear(sample: AudioSample): Promise<void> {
    try {
      await this.sound?.add(sample)
    } finally {
      sample.close()
    }
  }

  private start(nowMs: number): void {
    this.startedMs = nowMs
    this.hears.onStart()
  }

  /** The length of the recording so far. */
  private nowUs(): number {
    return (performance.now() - (this.startedMs ?? 0) - this.heldMs) * 1000
  }

  private hand(mdat: Uint8Array): void {
    this.hears.onPiece(new Blob([...this.head, mdat] as BlobPart[]))
    this.head = []
  }

  private guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.break(error))
  }

  /** What was encoded before is still delivered. */
  private break(error: unknown): void {
    if (this.ending) return
    this.ending = this.end()
    void this.ending.then(() => this.hears.onBroken(error))
  }
}
