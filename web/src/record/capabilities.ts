// What this browser can record, found by trying its parts, never by its name; and the sentences
// that say what it cannot, before anybody talks.

export type Source = 'both' | 'screen' | 'camera' | 'sound'

export const sources: readonly Source[] = ['both', 'screen', 'camera', 'sound']

/** The parts of a browser that matter. */
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
  /** What the browser's own recorder writes. */
  supports: (type: string) => boolean
  /** The profiles of H.264 that its encoders make from the frames of a track; see worthAsking. */
  encodes: readonly string[]
}

export type Format = {
  /**
   * A: the browser's encoders, and an MP4 that is made here. B: its own recorder, in MP4. C: its
   * own recorder, in WebM.
   */
  tier: 'A' | 'B' | 'C'
  /**
   * With picture and sound, picture alone, sound alone; what the recorder writes in the end may be
   * told by itself only.
   */
  both: string
  picture: string
  sound: string
}

export type Capabilities = {
  /** Why nothing can be recorded here at all; null when something can. */
  nothing: string | null
  sources: Source[]
  format: Format | null
  hasFloat: boolean
  /** Another window can be shared in place of one that ended. */
  canShareAgain: boolean
  /** What people should know beforehand, in whole sentences. */
  notes: string[]
}

/**
 * MP4 first: it plays while it is being recorded. AAC where there is one, because every phone plays
 * it; H.264 in its plainest profile else. What docs/adr/0025 measured stands behind the order of A
 * and B.
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
 * worthAsking are the profiles of H.264 of which the answer would change what is chosen. Asking
 * costs time.
 */
export function worthAsking(supports: Facts['supports']): string[] {
  const all = formats.flatMap((f) => (f.tier === 'A' ? [codecOf(f)] : []))
  return chooseFormat({ supports, encodes: all })?.tier === 'A' ? all : []
}

function codecOf(f: Format): string {
  return f.picture.slice(f.picture.indexOf('=') + 1)
}

/** capabilitiesOf says what can be recorded with these parts. */
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
    return 'Browsers give camera and screen only to pages that come by https. Open this site by its https address.'
  if (!facts.hasMediaDevices || !facts.hasAudioContext || !(facts.hasRecorder || format)) {
    return 'This browser cannot record. A current Chrome, Edge, Firefox or Safari can. You can still upload a video that you recorded elsewhere.'
  }
  if (!format)
    return 'This browser records in no form that can be played elsewhere. You can still upload a video that you recorded elsewhere.'
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

/** soundNote tells of the sound of what is shared, once the share is there. */
export function soundNote(hasSound: boolean, surface: string | undefined): string {
  if (hasSound) return 'Its sound is mixed in.'
  if (surface === 'browser') return 'Its sound is not shared: the box for it was not ticked.'
  return 'Its sound is not recorded: this browser gives only pictures of it. Your microphone is.'
}

/** readCapabilities looks at the browser that this runs in. */
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
 * A page gets frames from a track by a processor; a browser that has one in workers alone is not
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
