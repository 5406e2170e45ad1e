// What can be recorded right now: the shared screen, the camera, the microphone, and their state.
import { openSafeStorage } from '../ui/safe-storage'
import { type Source, soundNote } from './capabilities'
import {
  chooseDevice,
  type Device,
  type Kind,
  namedDevices,
  off,
  remember,
  remembered,
  replacementFor,
  whyDenied,
} from './devices'
import { displayOptions } from './display'
import { Mixer } from './mixer'
import { hear, isSilent, levelOf, type Silence } from './silence'
import type { Warnings } from './warnings.svelte'

/** Events for the owner of the inputs. */
export type InputEvents = {
  /** A device could not be opened: one sentence for people. */
  onDenied: (sentence: string) => void
  onShareEnded: () => void
  onCameraEnded: () => void
}

export class Inputs {
  cameras: Device[] = $state.raw([])
  microphones: Device[] = $state.raw([])
  camera = $state('')
  microphone = $state('')
  source: Source = $state('both')
  screenStream: MediaStream | null = $state.raw(null)
  cameraStream: MediaStream | null = $state.raw(null)
  /** Whole screen, window or tab, if the browser says. */
  surface: string | undefined = $state()
  soundNote = $state('')
  level = $state(0)
  isHearing = $state(false)
  /** Camera and microphone may be used without a question. */
  isAllowed = $state(false)

  private readonly keep = openSafeStorage()
  private mixer: Mixer | null = null
  private microphoneStream: MediaStream | null = null
  private silence: Silence = { sinceMs: null }

  constructor(
    sources: readonly Source[],
    private readonly warnings: Warnings,
    private readonly events: InputEvents,
  ) {
    const last = remembered(this.keep, 'source')
    this.source = sources.find((s) => s === last) ?? sources[0] ?? 'camera'
    this.camera = remembered(this.keep, 'camera') ?? ''
    this.microphone = remembered(this.keep, 'microphone') ?? ''
  }

  get wantsCamera(): boolean {
    return this.source === 'camera' || (this.source === 'both' && this.camera !== off)
  }

  get wantsScreen(): boolean {
    return this.source === 'both' || this.source === 'screen'
  }

  /**
   * sound is one track with all sound. It is the microphone's own if mixing is impossible;
   * undefined if there is none.
   */
  get sound(): MediaStreamTrack | undefined {
    const mixer = this.mixerNow()
    return mixer.isAwake ? mixer.track : this.microphoneStream?.getAudioTracks()[0]
  }

  /** soundMs is the clock of the mixed sound; null if the sound is not mixed. */
  get soundMs(): number | null {
    return this.mixer?.clockMs || null
  }

  /** picture is the main track's video; undefined for sound alone. */
  get picture(): MediaStreamTrack | undefined {
    if (this.source === 'sound') return undefined
    return (this.wantsScreen ? this.screenStream : this.cameraStream)?.getVideoTracks()[0]
  }

  /** face is the camera's track beside a screen. */
  get face(): MediaStreamTrack | undefined {
    return this.source === 'both' ? this.cameraStream?.getVideoTracks()[0] : undefined
  }

  get isSharing(): boolean {
    return this.screenStream?.getVideoTracks().some((t) => t.readyState === 'live') ?? false
  }

  private get isMicrophoneLive(): boolean {
    return this.microphoneStream?.getAudioTracks().some((t) => t.readyState === 'live') ?? false
  }

  /**
   * prepare lists the devices. It shows pictures and levels only if the browser need not ask for
   * permission.
   */
  async prepare(): Promise<void> {
    await this.listDevices()
    const states = await Promise.all([permission('camera'), permission('microphone')])
    if (states.every((s) => s === 'granted')) await this.open()
  }

  /**
   * open turns on the wanted camera and microphone. False if one was refused. The reason was shown.
   */
  async open(): Promise<boolean> {
    const isThere = (await this.openMicrophone()) && (await this.openCamera())
    if (isThere) this.isAllowed = true
    await this.listDevices()
    return isThere
  }

  async choose(kind: Kind, id: string): Promise<void> {
    remember(this.keep, kind, id)
    if (kind === 'camera') this.camera = id
    else this.microphone = id
    if (!this.isAllowed) return
    if (kind === 'camera') await this.openCamera()
    else await this.openMicrophone()
  }

  async chooseSource(source: Source): Promise<void> {
    this.source = source
    remember(this.keep, 'source', source)
    if (this.isAllowed) await this.openCamera()
  }

  /** flip switches to the next camera: on a phone, the one on the other side. */
  async flip(): Promise<void> {
    const at = this.cameras.findIndex((d) => d.id === this.camera)
    const next = this.cameras[(at + 1) % this.cameras.length]
    if (next) await this.choose('camera', next.id)
  }

  /** share asks for a screen. It must start in a click. */
  async share(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(displayOptions())
      this.unshare()
      this.screenStream = stream
      this.mixerNow().useShared(stream)
      const video = stream.getVideoTracks()[0]
      video?.addEventListener('ended', () => this.onShareEnded(stream))
      this.surface = video?.getSettings().displaySurface
      this.soundNote = soundNote(stream.getAudioTracks().length > 0, this.surface)
      return true
    } catch (error) {
      this.events.onDenied(whyDenied(error, 'screen'))
      return false
    }
  }

  unshare(): void {
    const stream = this.screenStream
    this.screenStream = null
    stopTracks(stream)
    this.mixer?.useShared(null)
    this.soundNote = ''
  }

  /** updateLevel reads the microphone's level, and whether it hears anything at all. */
  updateLevel(nowMs: number): void {
    this.isHearing = this.isMicrophoneLive && (this.mixer?.isAwake ?? false)
    if (!this.mixer || !this.isHearing) {
      this.level = 0
      return
    }
    const peaks = this.mixer.peaks()
    this.level = levelOf(peaks.lately)
    this.silence = hear(this.silence, peaks.window, nowMs)
    if (isSilent(this.silence, nowMs))
      this.warnings.show('silence', 'We hear nothing from your microphone. Is it muted, or is it the wrong one?')
    else this.warnings.hide('silence')
  }

  /** onDeviceChange: a device was plugged in or out. */
  async onDeviceChange(): Promise<void> {
    await this.listDevices()
    if (this.microphone !== off && !this.isMicrophoneLive && this.isAllowed && this.microphones.length > 0)
      await this.openMicrophone()
  }

  /** release stops everything that has a light on. */
  release(): void {
    this.unshare()
    stopTracks(this.cameraStream)
    stopTracks(this.microphoneStream)
    this.cameraStream = null
    this.microphoneStream = null
    this.isHearing = false
    this.warnings.hide('silence')
    void this.mixer?.close()
    this.mixer = null
  }

  private async openCamera(): Promise<boolean> {
    stopTracks(this.cameraStream)
    this.cameraStream = null
    if (!this.wantsCamera) return true
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        video: cameraOptions(this.camera, this.source === 'camera'),
      })
      this.cameraStream = stream
      stream.getVideoTracks()[0]?.addEventListener('ended', () => this.onCameraEnded(stream))
      this.warnings.hide('camera')
      return true
    } catch (error) {
      this.events.onDenied(whyDenied(error, 'camera'))
      return false
    }
  }

  private async openMicrophone(): Promise<boolean> {
    const mixer = this.mixerNow()
    stopTracks(this.microphoneStream)
    this.microphoneStream = null
    mixer.useMicrophone(null)
    this.isHearing = false
    this.silence = { sinceMs: null }
    this.warnings.hide('silence')
    if (this.microphone === off && this.source !== 'sound') {
      await mixer.wake()
      return true
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: exactly(this.microphone === off ? '' : this.microphone),
      })
      this.microphoneStream = stream
      mixer.useMicrophone(stream)
      const isAwake = await mixer.wake()
      stream.getAudioTracks()[0]?.addEventListener('ended', () => void this.onMicrophoneEnded(stream))
      this.isHearing = isAwake
      this.warnings.hide('microphone')
      return true
    } catch (error) {
      this.events.onDenied(whyDenied(error, 'microphone'))
      return false
    }
  }

  private onCameraEnded(lost: MediaStream): void {
    if (lost !== this.cameraStream) return
    this.cameraStream = null // a black bubble is useless
    this.events.onCameraEnded()
  }

  private onShareEnded(lost: MediaStream): void {
    if (lost !== this.screenStream) return
    this.soundNote = ''
    this.events.onShareEnded()
  }

  private async onMicrophoneEnded(lost: MediaStream): Promise<void> {
    if (lost !== this.microphoneStream) return
    this.isHearing = false
    await this.listDevices()
    const other = replacementFor(lost.getAudioTracks()[0]?.getSettings().deviceId ?? '', this.microphones)
    if (other) {
      this.microphone = other.id
      if (await this.openMicrophone())
        return this.warnings.show('microphone', `Your microphone was unplugged. We use ${other.label} now.`)
    }
    this.warnings.show(
      'microphone',
      'Your microphone was unplugged, and there is no other. Plug one in: the recording goes on.',
    )
  }

  private async listDevices(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices()
    this.cameras = namedDevices(all, 'camera')
    this.microphones = namedDevices(all, 'microphone')
    this.camera = chooseDevice(this.cameras, this.camera)
    this.microphone = chooseDevice(this.microphones, this.microphone)
  }

  private mixerNow(): Mixer {
    this.mixer ??= new Mixer()
    return this.mixer
  }
}

function exactly(id: string): MediaTrackConstraints {
  return id && id !== off ? { deviceId: { exact: id } } : {}
}

/** A bubble needs few pixels. Without a screen the camera is the whole picture. */
function cameraOptions(id: string, isAlone: boolean): MediaTrackConstraints {
  const size = isAlone
    ? { width: { ideal: 1280 }, height: { ideal: 720 } }
    : { width: { ideal: 640 }, height: { ideal: 480 } }
  return { ...exactly(id), ...size, frameRate: { ideal: 30 } }
}

function stopTracks(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}

async function permission(name: Kind): Promise<PermissionState> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state
  } catch {
    return 'prompt' // not every browser tells
  }
}
