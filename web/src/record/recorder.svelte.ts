// One recording after another on this page. machine.ts says what may follow what.
import { copyText } from '../ui/copy'
import type { Capabilities } from './capabilities'
import type { Progress } from './chunk-uploader'
import { discardWords } from './discard-words'
import { saveFiles } from './download'
import { Encoders } from './encoders'
import { Inputs } from './inputs.svelte'
import {
  canRestore,
  elapsedMs,
  isHeld,
  isRunning,
  newRecording,
  type Recording,
  type RecordingEvent,
  reduce,
} from './machine'
import { quietWords } from './messages'
import type { WorkerEvent } from './recording-worker'
import { typesOf } from './sources'
import { Take } from './take'
import { newTakeMeta } from './take-meta'
import type { TrackName, Where } from './track'
import { Warnings } from './warnings.svelte'
import { Watchdog } from './watchdog'
import { WorkerClient } from './worker-client'

const tickEveryMs = 100
/** A page whose timer was away for so long was asleep with its computer. */
const asleepMs = 20_000

/** A recording that was discarded, with what is needed to show it as a finished one. */
export type Dropped = { take: Take; recording: Recording }

export class Recorder {
  readonly warnings: Warnings
  readonly inputs: Inputs
  recording: Recording = $state.raw(newRecording)
  elapsedMs = $state(0)
  title = $state('')
  progress: Progress | null = $state.raw(null)
  isCopied = $state(false)
  /** Why a recording that is over ended by itself. */
  cutShort: string | null = $state(null)
  /** The last discarded recording, while restore can bring it back. */
  discarded: (Dropped & { where: Where; progress: Progress }) | null = $state.raw(null)
  /** The floating window, while it is there. */
  floating: Window | null = $state.raw(null)

  private readonly worker = new WorkerClient(
    (event) => this.onWorkerEvent(event),
    () =>
      this.warnings.show(
        'worker',
        'The part of this page that keeps your recording has stopped. Stop now: what is here stays, and goes on when you open this site again.',
      ),
  )
  private readonly watchdog = new Watchdog()
  private take: Take | null = null
  /** Its worker has not said yet what became of it. */
  private dropped: Dropped | null = null
  /** For the next take, where it needs them. */
  private encoders: Encoders | null = null
  private tickedAt = { wallMs: 0, ownMs: 0 }
  private ticking: ReturnType<typeof setInterval> | undefined

  constructor(
    private readonly userId: string,
    readonly can: Capabilities,
    private readonly announce: (sentence: string) => void,
  ) {
    this.warnings = new Warnings(announce)
    this.inputs = new Inputs(this.can.sources, this.warnings, {
      onDenied: (sentence) => this.onDenied(sentence),
      onShareEnded: () => this.onShareEnded(),
      onCameraEnded: () => void this.onCameraEnded(),
    })
  }

  /** listen follows devices and the clock until the page goes; the answer ends it. */
  listen(): () => void {
    const page = new AbortController()
    const { signal } = page
    const ticking = setInterval(() => this.tickClock(), tickEveryMs)
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.inputs.onDeviceChange(), { signal })
    addEventListener('beforeunload', (event) => this.isUnsent && event.preventDefault(), { signal })
    addEventListener('focus', () => void this.copyAgain(), { signal })
    if (!this.can.nothing) void this.inputs.prepare()
    return () => {
      page.abort()
      clearInterval(ticking)
      this.inputs.release()
      this.encoders?.close()
      this.worker.close()
    }
  }

  get isUnsent(): boolean {
    const { at } = this.recording.phase
    return isRunning(this.recording) || at === 'stopping' || at === 'uploading'
  }

  get link(): string | null {
    return this.progress?.watchUrl ?? null
  }

  /** record asks for what is needed and counts down. */
  async record(): Promise<void> {
    this.dispatch({ type: 'asked' })
    if (!this.isAt('acquiring')) return
    this.forgetTake()
    this.loadEncoders()
    if (this.inputs.wantsScreen && !(await this.inputs.share())) return
    if (!(await this.inputs.open())) return this.inputs.unshare()
    await this.countDown()
  }

  /** begin starts the recorders: when the countdown is over, or now. */
  begin(): void {
    const { format } = this.can
    if (!this.isAt('countdown') || !format) return
    this.stopTicking()
    const nowMs = Date.now()
    const take = this.newTake()
    this.take = take
    this.worker.send({
      command: 'begin',
      meta: newTakeMeta(take.id, this.userId, this.title.trim(), typesOf(format, this.inputs), nowMs),
    })
    try {
      take.start(format, this.encoders, this.inputs)
      this.encoders = null
      this.feedAll(take)
    } catch {
      this.encoders?.close()
      this.encoders = null
      this.worker.send({ command: 'cancel', id: take.id })
      this.onDenied('This browser could not start recording. Try again, or choose another source.')
      return
    }
    this.dispatch({ type: 'began', nowMs })
    this.announce('Recording.')
    void navigator.storage?.persist?.().catch(() => false)
  }

  pause(): void {
    if (!this.isAt('recording')) return
    this.holdSources()
    this.dispatch({ type: 'paused', nowMs: Date.now() })
    this.sendHeartbeat()
    this.announce('Paused.')
  }

  resume(): void {
    if (!this.isAt('paused')) return
    this.goOn()
  }

  /** shareAgain puts another screen in the place of the one that ended, and goes on. */
  async shareAgain(): Promise<void> {
    const { take } = this
    if (!this.isAt('interrupted') || !take || !this.can.canShareAgain) return
    this.wait()
    if (!(await this.inputs.share()) || !this.isAt('interrupted')) return
    const picture = this.inputs.picture
    if (!picture) return
    take.use(picture)
    this.goOn()
  }

  /** wait keeps an interrupted recording from finishing by itself. */
  wait(): void {
    this.stopTicking()
    this.dispatch({ type: 'waited-for' })
  }

  /** stop copies the link and hands over the rest. */
  async stop(): Promise<void> {
    const { take } = this
    if (!take || !isRunning(this.recording)) return
    this.dispatch({ type: 'stopped', nowMs: Date.now() })
    const copied = this.copyLink()
    await this.endSources(take)
    this.worker.send({ command: 'finish', id: take.id })
    this.dispatch({ type: 'kept' })
    this.inputs.release()
    this.floating?.close()
    const where = this.discarded?.where
    if (where === 'trash' || where === 'leaving') this.discarded = null
    await copied
    this.announce(`${this.cutShort ?? 'Stopped.'}${this.isCopied ? ' The link is copied.' : ''}`)
  }

  /** drop discards the take. undo brings it back. */
  async drop(): Promise<void> {
    await this.throwAway()
    this.inputs.unshare()
  }

  /** undo brings the last discarded take back, as a finished one. */
  undo(): void {
    const { discarded } = this
    if (!discarded || !canRestore(this.recording)) return
    this.stopTicking()
    this.forgetTake()
    this.discarded = null
    this.take = discarded.take
    this.dispatch({ type: 'restored', recording: discarded.recording })
    this.worker.send({ command: 'restore', id: discarded.take.id })
    this.inputs.release()
    this.encoders?.close()
    this.encoders = null
    this.announce('Undone.')
  }

  /** restart discards the take and begins anew with the same screen and devices. */
  async restart(): Promise<void> {
    await this.throwAway()
    if (this.inputs.wantsScreen && !this.inputs.isSharing) return this.record()
    this.dispatch({ type: 'asked' })
    this.loadEncoders()
    await this.countDown()
  }

  /** another leaves the finished take alone and shows the choices again. */
  another(): void {
    this.forgetTake()
    this.discarded = null
    this.title = ''
    this.dispatch({ type: 'dropped' })
    void this.inputs.prepare()
  }

  retry(anew: boolean): void {
    if (this.take) this.worker.send({ command: 'retry', id: this.take.id, anew })
  }

  download(): void {
    if (this.take) this.worker.send({ command: 'copy', id: this.take.id })
  }

  async copyLink(): Promise<void> {
    if (!this.link) return
    const asked = this.floating?.document.hasFocus()
      ? this.floating.navigator.clipboard.writeText(this.link)
      : undefined
    const isFloated = await asked?.then(
      () => true,
      () => false,
    )
    this.isCopied = isFloated || (await copyText(this.link))
  }

  /**
   * The link is copied where the browser lets a page do so: at stop, or when this page is looked at
   * again.
   */
  private async copyAgain(): Promise<void> {
    if ((this.isAt('uploading') || this.isAt('done')) && !this.isCopied) await this.copyLink()
  }

  private loadEncoders(): void {
    if (this.can.format?.tier === 'A') this.encoders ??= new Encoders()
  }

  /** countDown waits for what records, so that no first second is missing. */
  private async countDown(): Promise<void> {
    if (this.encoders && !(await this.encoders.ready)) {
      this.encoders = null
      return this.onDenied('The recorder could not be loaded. Check your network and try again.')
    }
    if (!this.isAt('acquiring')) return
    this.dispatch({ type: 'acquired' })
    this.startTicking()
  }

  private goOn(): void {
    const { take } = this
    if (!take) return
    take.resume()
    this.feedAll(take)
    this.dispatch({ type: 'resumed', nowMs: Date.now() })
    this.sendHeartbeat()
    this.announce('Recording again.')
  }

  private newTake(): Take {
    const take: Take = new Take({
      onStart: () => this.sendHeartbeat(),
      onChunk: (track, blob, spanMs, type) => {
        if (take === this.take && this.isAt('recording')) this.watchdog.feed(track)
        this.worker.send({ command: 'chunk', id: take.id, track, blob, spanMs, type })
      },
      onLost: (track) => this.onSourceLost(take, track),
    })
    return take
  }

  private feedAll(take: Take): void {
    for (const track of take.tracks) this.watchdog.feed(track)
  }

  /**
   * A recorder that ends by itself takes nothing with it: the recording is finished with what is
   * there.
   */
  private onSourceLost(take: Take, track: TrackName): void {
    if (take !== this.take || !isRunning(this.recording)) return
    this.watchdog.forget(track)
    if (track === 'camera') return
    this.cutShort = 'Your browser ended this recording before you did. Everything up to there is kept.'
    void this.stop()
  }

  private onDenied(sentence: string): void {
    // what is recorded goes on; warnings tell of what is missing
    if (isRunning(this.recording)) return
    this.stopTicking()
    this.inputs.unshare()
    this.dispatch({ type: 'refused', sentence })
    this.announce(sentence)
  }

  private onShareEnded(): void {
    if (!isRunning(this.recording)) {
      this.onDenied('Sharing was ended before the recording began. Press Record to choose again.')
      return
    }
    this.holdSources()
    this.dispatch({ type: 'share-ended', nowMs: Date.now() })
    this.sendHeartbeat()
    this.startTicking()
    this.announce('Sharing has ended, and the recording waits. Share again, or finish.')
  }

  private async onCameraEnded(): Promise<void> {
    this.watchdog.forget('camera')
    this.warnings.show(
      'camera',
      isRunning(this.recording)
        ? 'Your camera has stopped. The rest of the recording goes on.'
        : 'Your camera has stopped.',
    )
    await this.take?.stop('camera')
  }

  /**
   * tickClock updates the clock, the level and what has gone quiet. In a hidden page it runs once a
   * second.
   */
  private tickClock(): void {
    const nowMs = Date.now()
    this.wakeUp(nowMs)
    this.elapsedMs = elapsedMs(this.recording, nowMs)
    this.inputs.updateLevel(nowMs)
    const framesOf = (track: TrackName) => this.take?.frames(track) ?? null
    const quiet = this.isAt('recording') ? this.watchdog.look(performance.now(), framesOf) : []
    const words = quietWords(quiet, this.inputs.source !== 'sound')
    if (words) this.warnings.show('quiet', words)
    else this.warnings.hide('quiet')
  }

  /**
   * wakeUp notices that this computer was asleep. Where the clock of the media stood still
   * meanwhile, so does that of the recording.
   */
  private wakeUp(nowMs: number): void {
    const last = this.tickedAt
    this.tickedAt = { wallMs: nowMs, ownMs: performance.now() }
    const awayMs = last.wallMs === 0 ? 0 : nowMs - last.wallMs
    if (awayMs < asleepMs || !isRunning(this.recording)) return
    const stoodStillMs = awayMs - (this.tickedAt.ownMs - last.ownMs)
    if (stoodStillMs > tickEveryMs) this.dispatch({ type: 'slept', ms: stoodStillMs, nowMs })
    this.sendHeartbeat()
    this.warnings.show(
      'asleep',
      `This computer was asleep for ${Math.round(awayMs / 1000)} s. What was recorded before and after is kept.`,
    )
  }

  private tick(): void {
    this.dispatch({ type: 'ticked' })
    const { phase } = this.recording
    if (phase.at === 'countdown' && phase.left === 0) this.begin()
    else if (phase.at === 'interrupted' && phase.left === 0) void this.stop()
  }

  private startTicking(): void {
    this.stopTicking()
    this.ticking = setInterval(() => this.tick(), 1000)
  }

  private stopTicking(): void {
    clearInterval(this.ticking)
  }

  private onWorkerEvent(event: WorkerEvent): void {
    if (event.event === 'discarded') this.onDiscarded(event.id, event.where, event.progress)
    if (event.event === 'over' && event.id === this.discarded?.take.id) this.discarded = null
    if (event.event === 'found' || event.id !== this.take?.id) return
    if (event.event === 'progress') this.onProgress(event.progress)
    if (event.event === 'copy') saveFiles(this.title || 'recording', event.files)
    if (event.event !== 'keeping' || event.keeping === 'disk') return
    this.warnings.show(
      'disk',
      'This device has little room left. The recording goes straight to the server: keep this page open until everything is there.',
    )
  }

  private onDiscarded(id: string, where: Where, progress: Progress): void {
    const dropped = [this.dropped, this.discarded].find((one) => one?.take.id === id)
    if (!dropped) return
    if (dropped === this.dropped) this.dropped = null
    this.discarded = { take: dropped.take, recording: dropped.recording, where, progress }
    // a microphone may hear what is read aloud
    if (where !== 'leaving' && !isRunning(this.recording)) this.announce(discardWords(where, progress, true))
  }

  private onProgress(progress: Progress): void {
    this.progress = progress
    if (!progress.sealed || this.isAt('done')) return
    this.dispatch({ type: 'sealed' })
    if (this.isAt('done')) this.announce('Everything is on the server.')
  }

  private sendHeartbeat(): void {
    const { take } = this
    if (!take) return
    const state = isHeld(this.recording) ? 'paused' : 'recording'
    this.worker.send({ command: 'heartbeat', id: take.id, heartbeat: take.heartbeat(state, this.recording.pauses) })
  }

  private holdSources(): void {
    this.take?.pause()
    this.watchdog.forget()
  }

  private async endSources(take: Take): Promise<void> {
    this.stopTicking()
    this.watchdog.forget()
    await take.stop()
  }

  private async throwAway(): Promise<void> {
    const { take } = this
    const recording = reduce(this.recording, { type: 'stopped', nowMs: Date.now() })
    this.stopTicking()
    this.forgetTake()
    this.dispatch({ type: 'dropped' })
    this.announce(take ? 'Discarded.' : 'Cancelled.')
    if (!take) return
    this.dropped = { take, recording }
    await this.endSources(take)
    this.worker.send({ command: 'cancel', id: take.id })
  }

  private forgetTake(): void {
    this.take = null
    this.progress = null
    this.isCopied = false
    this.cutShort = null
    this.warnings.clear()
  }

  private isAt(at: Recording['phase']['at']): boolean {
    return this.recording.phase.at === at
  }

  private dispatch(event: RecordingEvent): void {
    this.recording = reduce(this.recording, event)
    this.elapsedMs = elapsedMs(this.recording, Date.now())
  }
}
