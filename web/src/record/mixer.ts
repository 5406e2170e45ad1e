// Mixes microphone and shared sound into one track at 48 kHz. The recorded track lives as long as
// the mixer, whatever is plugged in or out.

/** Players refuse Opus in MP4 that was encoded from any other rate. */
const sampleRate = 48_000

/**
 * The last 0.68 s: long enough that a hidden page, whose timers run once a second, does not miss a
 * voice.
 */
const windowSamples = 32_768
const latelySamples = 2048

const wakesWithinMs = 1500

export type Peaks = { lately: number; window: number }

export class Mixer {
  private readonly context = new AudioContext({ sampleRate, latencyHint: 'interactive' })
  private readonly output = this.context.createMediaStreamDestination()
  private readonly voice = this.context.createGain()
  private readonly ear = this.context.createAnalyser()
  private readonly samples = new Float32Array(windowSamples)
  private microphone: MediaStreamAudioSourceNode | null = null
  private shared: MediaStreamAudioSourceNode | null = null

  constructor() {
    this.ear.fftSize = windowSamples
    this.voice.connect(this.ear)
    this.voice.connect(this.output)
    // a phone call suspends it
    this.context.addEventListener('statechange', () => void this.wake())
  }

  /** track is the recorded one. */
  get track(): MediaStreamTrack {
    const track = this.output.stream.getAudioTracks()[0]
    if (!track) throw new Error('the mixer has no track')
    return track
  }

  /** useMicrophone replaces the microphone; null removes it. */
  useMicrophone(stream: MediaStream | null): void {
    this.microphone?.disconnect()
    this.microphone = stream && stream.getAudioTracks().length > 0 ? this.context.createMediaStreamSource(stream) : null
    this.microphone?.connect(this.voice)
  }

  /** useShared mixes in the sound of the shared screen; null removes it. */
  useShared(stream: MediaStream | null): void {
    this.shared?.disconnect()
    this.shared = stream && stream.getAudioTracks().length > 0 ? this.context.createMediaStreamSource(stream) : null
    this.shared?.connect(this.output)
  }

  /** peaks of the microphone, 0…1. */
  peaks(): Peaks {
    this.ear.getFloatTimeDomainData(this.samples)
    return { lately: peakOf(this.samples.subarray(windowSamples - latelySamples)), window: peakOf(this.samples) }
  }

  /**
   * wake starts the audio clock. False if it does not start: Firefox has none on a computer without
   * a loudspeaker.
   */
  async wake(): Promise<boolean> {
    const { context } = this
    if (context.state === 'suspended' || (context.state as string) === 'interrupted') {
      const late = new Promise<void>((resolve) => setTimeout(resolve, wakesWithinMs))
      await Promise.race([context.resume().catch(() => undefined), late])
    }
    return this.isAwake
  }

  get isAwake(): boolean {
    return this.context.state === 'running'
  }

  /** How much sound it has made. It is 0 before it wakes for the first time. */
  get clockMs(): number {
    return this.context.currentTime * 1000
  }

  async close(): Promise<void> {
    if (this.context.state !== 'closed') await this.context.close()
  }
}

function peakOf(samples: Float32Array): number {
  let peak = 0
  for (const sample of samples) {
    const size = Math.abs(sample)
    if (size > peak) peak = size
  }
  return peak
}
