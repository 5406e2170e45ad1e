// What this browser can record, found by trying its parts, never by its name; and the sentences that say what it cannot, before anybody talks.

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
  supports: (type: string) => boolean
}

export type Format = {
  tier: 'B' | 'C'
  /** With picture and sound, picture alone, sound alone; what the recorder writes in the end may be told by itself only. */
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

/** mp4 first: it plays while it is being recorded. AAC where there is one, because every phone plays it; H.264 in its plainest profile else. */
const formats: readonly Format[] = [
  mp4('avc1.64003E', 'mp4a.40.2'),
  mp4('avc1.42E01F', 'mp4a.40.2'),
  mp4('avc1.42E01F', 'opus'),
  { tier: 'C', both: 'video/webm;codecs=vp8,opus', picture: 'video/webm;codecs=vp8', sound: 'audio/webm;codecs=opus' },
]

function mp4(video: string, audio: string): Format {
  return { tier: 'B', both: `video/mp4;codecs=${video},${audio}`, picture: `video/mp4;codecs=${video}`, sound: `audio/mp4;codecs=${audio}` }
}

export function chooseFormat(supports: (type: string) => boolean): Format | null {
  return formats.find((f) => supports(f.both) && supports(f.picture) && supports(f.sound)) ?? null
}

/** capabilitiesOf says what can be recorded with these parts. */
export function capabilitiesOf(facts: Facts): Capabilities {
  const format = facts.hasRecorder ? chooseFormat(facts.supports) : null
  const nothing = whyNothing(facts, format)
  return {
    nothing,
    sources: nothing ? [] : facts.hasDisplayMedia ? [...sources] : ['camera', 'sound'],
    format,
    hasFloat: facts.hasFloat,
    canShareAgain: facts.hasRelay,
    notes: nothing ? [] : notesOf(facts, format),
  }
}

function whyNothing(facts: Facts, format: Format | null): string | null {
  if (!facts.isSecure) return 'Browsers give camera and screen only to pages that come by https. Open this site by its https address.'
  if (!facts.hasMediaDevices || !facts.hasAudioContext || !facts.hasRecorder) {
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
  if (format?.tier === 'C') notes.push('With this browser the link plays a second or two after you stop, not while you record.')
  if (!facts.hasFileSystem && !facts.hasDatabase) {
    notes.push('This browser keeps nothing on this device (a private window?). If it closes, what is not yet uploaded is lost.')
  }
  return notes
}

/** soundNote tells of the sound of what is shared, once the share is there. */
export function soundNote(hasSound: boolean, surface: string | undefined): string {
  if (hasSound) return 'Its sound is mixed in.'
  if (surface === 'browser') return 'Its sound is not shared: the box for it was not ticked.'
  return 'Its sound is not recorded: this browser gives only pictures of it. Your microphone is.'
}

/** readFacts looks at the browser that this runs in. */
export function readFacts(): Facts {
  const devices: Partial<MediaDevices> | undefined = navigator.mediaDevices
  return {
    isSecure: isSecureContext,
    hasMediaDevices: typeof devices?.getUserMedia === 'function',
    hasDisplayMedia: typeof devices?.getDisplayMedia === 'function',
    hasRecorder: 'MediaRecorder' in globalThis,
    hasAudioContext: 'AudioContext' in globalThis,
    hasFileSystem: typeof navigator.storage?.getDirectory === 'function',
    hasDatabase: 'indexedDB' in globalThis,
    hasFloat: 'documentPictureInPicture' in globalThis,
    hasRelay: 'MediaStreamTrackProcessor' in globalThis && 'MediaStreamTrackGenerator' in globalThis,
    isTouch: matchMedia('(pointer: coarse)').matches,
    supports: (type) => MediaRecorder.isTypeSupported(type),
  }
}
