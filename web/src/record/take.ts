// One take while it is recorded: its sources, and how much time each of their chunks holds.
import type { Format } from './capabilities'
import type { Encoders } from './encoders'
import { Sources, type Tracks } from './sources'
import type { Heartbeat, Pause, TrackName } from './track'
import type { Frames } from './watchdog'

export type TakeEvents = {
  /** A track's recorder has begun. */
  onStart: () => void
  /** spanMs is about how much of the recording the chunk holds. */
  onChunk: (track: TrackName, blob: Blob, spanMs: number, type: string) => void
  /** A recorder ended by itself. */
  onLost: (track: TrackName) => void
}

export class Take {
  readonly id = crypto.randomUUID()
  private sources: Sources | null = null
  /** When the last chunk of a track came, or its recorder went on; by performance.now(). */
  private readonly fedAtMs = new Map<TrackName, number>()
  private readonly startedMs = new Map<TrackName, number>()

  constructor(private readonly events: TakeEvents) {}

  /** start throws where the browser cannot record these tracks. */
  start(format: Format, encoders: Encoders | null, tracks: Tracks): void {
    this.sources = new Sources(format, encoders, tracks, {
      onStart: (track, atMs) => {
        this.startedMs.set(track, atMs)
        this.events.onStart()
      },
      onChunk: (track, blob, type) => this.onChunk(track, blob, type),
      onLost: this.events.onLost,
    })
    this.feed()
  }

  frames(track: TrackName): Frames | null {
    return this.sources?.frames(track) ?? null
  }

  get tracks(): TrackName[] {
    return this.sources?.names ?? []
  }

  /** use puts another screen in the place of the one that ended. */
  use(picture: MediaStreamTrack): void {
    this.sources?.use(picture)
  }

  pause(): void {
    this.sources?.pause()
  }

  resume(): void {
    this.sources?.resume()
    this.feed()
  }

  /** stop resolves when the last chunk of all tracks, or of one, was handed over. */
  async stop(track?: TrackName): Promise<void> {
    await this.sources?.stop(track)
  }

  heartbeat(state: Heartbeat['state'], pauses: Pause[]): Heartbeat {
    const [screen, camera] = [this.startedMs.get('screen'), this.startedMs.get('camera')]
    const cameraOffsetMs = screen === undefined || camera === undefined ? null : camera - screen
    return { state, pauses, cameraOffsetMs }
  }

  private feed(): void {
    for (const track of this.tracks) this.fedAtMs.set(track, performance.now())
  }

  private onChunk(track: TrackName, blob: Blob, type: string): void {
    const nowMs = performance.now()
    const spanMs = nowMs - (this.fedAtMs.get(track) ?? nowMs)
    this.fedAtMs.set(track, nowMs)
    this.events.onChunk(track, blob, spanMs, type)
  }
}
