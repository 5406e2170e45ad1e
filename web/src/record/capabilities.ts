// What this browser can record. It is found by a test of its features, never by its name. Also the
// sentences that say beforehand what it cannot record.

export type Source = 'both' | 'screen' | 'camera' | 'sound'

export const sources: readonly Source[] = ['both', 'screen', 'camera', 'sound']

/** The features of a browser that matter. */
export type Facts = {
  isSecure: boolean
  hasMediaDevices: boolean
  hasDisplayMedia: boolean
  hasRecorder: boolean
  hasAudioContext: boolean
  hasFileSystem: boolean
  hasDatabase: boolean
  hasFloat: boolean
  hasRelay: boolean
  isTouch: boolean
  /** What the browser's own recorder can write. */
  supports: (type: string) => boolean
  /** The H.264 profiles that its encoders can make from a track's frames. See worthAsking. */
  encodes: readonly string[]
}

export type Format = {
  /**
   * A: the browser's encoders, and our own MP4 muxer. B: the browser's recorder, in MP4. C: the
   * browser's recorder, in WebM.
   */
  tier: 'A' | 'B' | 'C'
  /**
   * With picture and sound, picture alone, sound alone. Only the recorder itself knows what it
   * finally writes.
   */
  both: string
  picture: string
  sound: string
}

export type Capabilities = {
  /** Why nothing can be recorded here at all; null if something can. */
  nothing: string | null
  sources: Source[]
  format: Format | null
  hasFloat: boolean
  /** Another window can be shared instead of one that ended. */
  canShareAgain: boolean
  /** What people should know beforehand, in whole sentences. */
  notes: string[]
}

/**
 * MP4 first, because it plays while it is recorded. AAC if possible, because every phone plays it,
 * else H.264 in its plainest profile. The order of A and B comes from the measurements in
 * docs/adr/0025.
 */
const formats: readonly Format[] = [
  mp4('B', 'avc1.64003E', 'mp4a.40.2'),
  mp4('B', 'avc1.42E01F', 'mp4a.40.2'),
  mp4('B', 'avc1.42E01F', 'opus'),
  mp4('A', 'avc1.42E028', 'mp4a.40.2'),
  mp4('A', 'avc1.640028', 'mp4a.40.2'),
  { tier: 'C', both: 'video/webm;codecs=vp8,opus', picture: 'video/webm;codecs=vp8', sound: 'audio/webm;codecs=opus' },
]

function mp4(tier: 'A' | 'B', video: string, audio: string): Format {
  return {
    tier,
    both: `video/mp4;codecs=${video},${audio}`,
    picture: `video/mp4;codecs=${video}`,
    sound: `audio/mp4;codecs=${audio}`,
  }
}

type Can = Pick<Facts, 'supports' | 'encodes'>

export function chooseFormat(can: Can): Format | null {
  return formats.find((f) => isPossible(f, can)) ?? null
}

function isPossible(f: Format, { supports, encodes }: Can): boolean {
  if (f.tier === 'A') return encodes.includes(codecOf(f))
  return supports(f.both) && supports(f.picture) && supports(f.sound)
}

/**
 * worthAsking returns the H.264 profiles whose answer would change the choice. A test costs time.
 */
export function worthAsking(supports: Facts['supports']): string[] {
  const all = formats.flatMap((f) => (f.tier === 'A' ? [codecOf(f)] : []))
  return chooseFormat({ supports, encodes: all })?.tier === 'A' ? all : []
}

function codecOf(f: Format): string {
  return f.picture.slice(f.picture.indexOf('=') + 1)
}

/** capabilitiesOf says what can be recorded with these features. */
export function capabilitiesOf(facts: Facts): Capabilities {
  const format = chooseFormat(facts)
  const nothing = whyNothing(facts, format)
  return {
    nothing,
    sources: nothing ? [] : facts.hasDisplayMedia ? [...sources] : ['camera', 'sound'],
    format,
    hasFloat: facts.hasFloat,
    canShareAgain: facts.hasRelay || format?.tier === 'A',
    notes: nothing ? [] : notesOf(facts, format),
  }
}

function whyNothing(facts: Facts, format: Format | null): string | null {
  if (!facts.isSecure)
    return 'Browsers allow camera and screen only on https pages. Open this site at its https address.'
  if (!facts.hasMediaDevices || !facts.hasAudioContext || !(facts.hasRecorder || format)) {
    return 'This browser cannot record. A current Chrome, Edge, Firefox or Safari can. You can still upload a video that you recorded elsewhere.'
  }
  if (!format)
    return 'This browser cannot record in a form that plays elsewhere. You can still upload a video that you recorded elsewhere.'
  return null
}

function notesOf(facts: Facts, format: Format | null): string[] {
  const notes: string[] = []
  if (!facts.hasDisplayMedia) {
    notes.push(
      facts.isTouch
        ? 'Phones do not let web pages record the screen. Record it with the phone itself, and upload that.'
        : 'This browser does not let web pages record the screen.',
    )
  }
  if (format?.tier === 'C')
    notes.push('With this browser the link plays a second or two after you stop, not while you record.')
  if (!facts.hasFileSystem && !facts.hasDatabase) {
    notes.push(
      'This browser keeps nothing on this device (a private window?). If it closes, what is not yet uploaded is lost.',
    )
  }
  return notes
}

/** soundNote is about the sound of the shared screen, once it is shared. */
export function soundNote(hasSound: boolean, surface: string | undefined): string {
  if (hasSound) return 'Its sound is mixed in.'
  if (surface === 'browser') return 'Its sound is not shared: the box for it was not ticked.'
  return 'Its sound is not recorded: this browser shares only the picture. Your microphone is recorded.'
}

/** readCapabilities tests this browser. */
export async function readCapabilities(): Promise<Capabilities> {
  const devices: Partial<MediaDevices> | undefined = navigator.mediaDevices
  const hasRecorder = 'MediaRecorder' in globalThis
  const supports = (type: string): boolean => hasRecorder && MediaRecorder.isTypeSupported(type)
  return capabilitiesOf({
    isSecure: isSecureContext,
    hasMediaDevices: typeof devices?.getUserMedia === 'function',
    hasDisplayMedia: typeof devices?.getDisplayMedia === 'function',
    hasRecorder,
    hasAudioContext: 'AudioContext' in globalThis,
    hasFileSystem: typeof navigator.storage?.getDirectory === 'function',
    hasDatabase: 'indexedDB' in globalThis,
    hasFloat: 'documentPictureInPicture' in globalThis,
    hasRelay: 'MediaStreamTrackProcessor' in globalThis && 'MediaStreamTrackGenerator' in globalThis,
    isTouch: matchMedia('(pointer: coarse)').matches,
    supports,
    encodes: await encodedOf(worthAsking(supports)),
  })
}

/**
 * A page gets a track's frames from a processor. Browsers that have one only in workers are not
 * asked.
 */
async function encodedOf(codecs: readonly string[]): Promise<string[]> {
  const parts = ['MediaStreamTrackProcessor', 'VideoEncoder', 'AudioEncoder', 'VideoFrame']
  if (!parts.every((part) => part in globalThis)) return []
  const size = { width: 1920, height: 1080, bitrate: 2_500_000, framerate: 30 }
  const answers = await Promise.all(
    codecs.map((codec) =>
      VideoEncoder.isConfigSupported({ codec, ...size }).then(
        ({ supported }) => supported === true,
        () => false,
      ),
    ),
  )
  return codecs.filter((_, i) => answers[i])
}
