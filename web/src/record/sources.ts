// The recorders of one take, one for each track, for any recorder.
import type { Format } from './capabilities'
import type { Encoders } from './encoders'
import { openRelay, type Relay } from './relay'
import { cameraQuality, type Quality, recordTracks, type SegmentSource, screenQuality } from './segment-source'
import type { TrackName } from './track'
import type { Frames } from './watchdog'

/** The tracks to record: picture and sound of the main track, and the face beside it. */
export type Tracks = {
  readonly picture: MediaStreamTrack | undefined
  readonly sound: MediaStreamTrack | undefined
  readonly face: MediaStreamTrack | undefined
  /** The picture is a screen: it may stand still, and another one may replace it. */
  readonly wantsScreen: boolean
  /** The clock of the sound; null if it has none of its own. */
  readonly soundMs: number | null
}

export type SourceEvents = {
  onStart: (track: TrackName, atMs: number) => void
  onChunk: (track: TrackName, blob: Blob, type: string) => void
  onLost: (track: TrackName) => void
}

export class Sources {
  private readonly all = new Map<TrackName, SegmentSource>()
  private readonly relay: Relay | null
  private readonly counts = new Map<TrackName, () => Frames | null>()

  /** It throws if the browser cannot record these tracks. encoders is for tier A only. */
  constructor(
    format: Format,
    private readonly encoders: Encoders | null,
    inputs: Tracks,
    private readonly events: SourceEvents,
  ) {
    const { picture, sound, face, wantsScreen } = inputs
    this.relay = picture && wantsScreen && !encoders ? openRelay(picture) : null
    const main = this.relay?.track ?? picture
    const tracks = [main, sound].filter((track) => track !== undefined)
    this.add('screen', new MediaStream(tracks), mainType(format, main, sound), screenQuality)
    if (face) this.add('camera', new MediaStream([face]), format.picture, cameraQuality)
    if (encoders) return // they count
    const { relay } = this
    if (relay) this.counts.set('screen', () => relay.frames)
    else if (!picture) this.counts.set('screen', () => framesOf(inputs.soundMs))
    // a screen where nothing moves gives none, and that is normal
    else if (!wantsScreen) this.counts.set('screen', () => framesOf(countIn(picture)))
    if (face) this.counts.set('camera', () => framesOf(countIn(face)))
  }

  get names(): TrackName[] {
    return [...this.all.keys()]
  }

  /** use replaces the ended screen with another one. */
  use(picture: MediaStreamTrack): void {
    if (this.relay) this.relay.use(picture)
    else this.all.get('screen')?.use?.(picture)
  }

  /** frames counts what comes to a track's recorder; null if nobody can. */
  frames(track: TrackName): Frames | null {
    return this.counts.get(track)?.() ?? this.all.get(track)?.frames ?? null
  }

  pause(): void {
    for (const source of this.all.values()) source.pause()
  }

  resume(): void {
    for (const source of this.all.values()) source.resume()
  }

  /** stop resolves when the last chunk of all tracks, or of one, has been delivered. */
  async stop(track?: TrackName): Promise<void> {
    if (track) return this.all.get(track)?.stop()
    await Promise.all([...this.all.values()].map((source) => source.stop()))
    this.relay?.close()
    this.encoders?.close()
  }

  private add(track: TrackName, stream: MediaStream, type: string, quality: Quality): void {
    const listen = {
      onStart: (atMs: number) => this.events.onStart(track, atMs),
      onChunk: (blob: Blob) => this.events.onChunk(track, blob, source.type),
      onLost: () => this.events.onLost(track),
    }
    const source =
      this.encoders?.record(track, stream, type, quality, listen) ?? recordTracks(stream, type, quality, listen)
    this.all.set(track, source)
  }
}

/** typesOf are the requested types. Only the recorders know what is written in the end. */
export function typesOf(format: Format, { picture, sound, face }: Tracks): Partial<Record<TrackName, string>> {
  return { screen: mainType(format, picture, sound), ...(face ? { camera: format.picture } : {}) }
}

/** TypeScript does not have it yet, and only Chromium counts what a camera gives. */
function countIn(track: MediaStreamTrack & { stats?: { totalFrames?: number } }): number | null {
  return track.stats?.totalFrames ?? null
}

function framesOf(count: number | null): Frames | null {
  return count === null ? null : { count, atMs: performance.now() }
}

function mainType(format: Format, picture: MediaStreamTrack | undefined, sound: MediaStreamTrack | undefined): string {
  if (!picture) return format.sound
  return sound ? format.both : format.picture
}
