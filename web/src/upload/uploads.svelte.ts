// Every upload of this page: the queue, the two that run, those that wait, and those that an
// earlier visit left unfinished.
import { trashVideo } from '../api/owner'
import { problemOf } from '../api/request'
import { waitForNetwork } from '../api/retry'
import { getVideo, isSignedIn } from '../api/videos'
import { aliveMs, type Entry, fingerprintOf, type Ledger } from './ledger'
import { announcement } from './messages'
import type { Outcome } from './outcome'
import {
  backoffMs,
  canPause,
  canResume,
  isBusy,
  isUnfinished,
  type Link,
  newUpload,
  nextUp,
  reduce,
  type Upload,
  type UploadEvent,
} from './upload'

const places = 2
const drawEveryMs = 250
const touchEveryMs = 10_000

export type Hooks = {
  announce: (sentence: string) => void
  /**
   * The video of this upload now exists or has changed, so reload it. Resolves when the list shows
   * it.
   */
  onVideo: (videoId: string) => Promise<void>
}

/** Attachment is the part of an upload that is not drawn. */
type Attachment = {
  file: File
  fingerprint: string
  stop: AbortController
  lastDrawMs: number
  lastTouchMs: number
  ended: Promise<void>
}

export class Uploads {
  items: Upload[] = $state.raw([])
  /** Started in an earlier visit, and waiting for their file. */
  unfinished: Entry[] = $state.raw([])

  private readonly attached = new Map<string, Attachment>()
  private count = 0

  constructor(
    private readonly ledger: Ledger,
    private readonly hooks: Hooks,
  ) {}

  /**
   * listen saves what must outlive a closed page, and asks before closing while something runs. It
   * returns a function that stops it.
   */
  listen(): () => void {
    const controller = new AbortController()
    const { signal } = controller
    addEventListener('beforeunload', (event) => this.items.some(isUnfinished) && event.preventDefault(), { signal })
    addEventListener('pagehide', () => this.touchAll(0), { signal })
    addEventListener('pageshow', () => this.touchAll(Date.now() + aliveMs), { signal })
    addEventListener('storage', () => this.lookBack(), { signal })
    const timer = setInterval(() => {
      this.touchAll(Date.now() + aliveMs)
      this.lookBack()
    }, touchEveryMs)
    signal.addEventListener('abort', () => clearInterval(timer))
    this.lookBack()
    for (const entry of this.unfinished) void this.check(entry, signal)
    return () => controller.abort()
  }

  /**
   * add queues files. A file that was started before continues at the server's offset. One that is
   * already in the list is left alone.
   */
  add(files: readonly File[]): void {
    for (const file of files) this.addOne(file)
    this.lookBack()
    this.startNext()
  }

  pause(id: string): void {
    const upload = this.find(id)
    if (!upload || !canPause(upload)) return
    this.attached.get(id)?.stop.abort()
    this.apply(id, { type: 'paused' })
    this.startNext()
  }

  /** resume continues, retries a refused one, or starts again if the server no longer has it. */
  resume(id: string): void {
    const upload = this.find(id)
    if (!upload || !canResume(upload)) return
    if (upload.phase.at === 'refused' && upload.phase.again === 'restart') {
      const at = this.attached.get(id)
      if (at) this.ledger.remove(at.fingerprint)
      this.apply(id, { type: 'forgotten' })
    }
    this.apply(id, { type: 'resumed' })
    this.startNext()
  }

  /** cancel stops the upload and puts its video into the trash. */
  async cancel(id: string): Promise<void> {
    const at = this.attached.get(id)
    at?.stop.abort()
    this.apply(id, { type: 'paused' })
    await at?.ended // a running creation ends first, so that its link is known
    const upload = this.find(id)
    if (!upload) return
    try {
      if (upload.link) await endOnServer(upload.link)
    } catch {
      this.apply(id, {
        type: 'refused',
        reason: 'This upload could not be cancelled on the server. Try again when you are online.',
        again: 'retry',
      })
      return
    }
    this.hooks.announce(`${upload.fileName}: upload cancelled.`)
    if (at) this.ledger.remove(at.fingerprint)
    this.remove(id)
    if (upload.link) await this.hooks.onVideo(upload.link.videoId)
  }

  /**
   * dismiss removes a refused upload from the list. Its bytes on the server stay, and it is offered
   * again.
   */
  dismiss(id: string): void {
    this.remove(id)
  }

  /** forget gives up an upload of an earlier visit. */
  async forget(entry: Entry): Promise<void> {
    await endOnServer(entry)
    this.ledger.remove(entry.fingerprint)
    this.lookBack()
    await this.hooks.onVideo(entry.videoId)
  }

  private addOne(file: File): void {
    const fingerprint = fingerprintOf(file)
    const twin = [...this.attached].find(([, at]) => at.fingerprint === fingerprint)?.[0]
    if (twin && this.find(twin)?.phase.at === 'refused')
      this.remove(twin) // chosen again: a new try with a new handle
    else if (twin) {
      this.resume(twin)
      this.hooks.announce(`${file.name} is in the list already.`)
      return
    }
    const id = `upload-${++this.count}`
    const before = this.ledger.find(fingerprint)
    this.attached.set(id, {
      file,
      fingerprint,
      stop: new AbortController(),
      lastDrawMs: 0,
      lastTouchMs: 0,
      ended: Promise.resolve(),
    })
    this.items = [newUpload(id, file.name, file.size, before), ...this.items]
    if (before) this.ledger.touch(fingerprint, Date.now() + aliveMs)
    if (file.size === 0)
      this.apply(id, { type: 'refused', reason: 'This file is empty. Choose another one.', again: 'never' })
  }

  private startNext(): void {
    const oldestFirst = this.items.toReversed()
    for (const id of nextUp(oldestFirst, places)) {
      const at = this.attached.get(id)
      if (!at) continue
      at.stop = new AbortController()
      const { signal } = at.stop
      this.apply(id, { type: 'started' })
      at.ended = at.ended.then(() => this.run(id, at, signal))
    }
  }

  /**
   * run retries forever, until the file is on the server, something blocks it that waiting cannot
   * fix, or somebody stops it.
   */
  private async run(id: string, at: Attachment, signal: AbortSignal): Promise<void> {
    let attempt = 0
    let reached = -1
    while (!signal.aborted) {
      const outcome = await this.attempt(id, at, signal)
      if (signal.aborted || outcome.is === 'stopped') return
      const stands = this.find(id)?.sentBytes ?? 0
      attempt = stands > reached ? 1 : attempt + 1
      reached = Math.max(reached, stands)
      if (!(await this.react(id, at, outcome, attempt, signal))) break
    }
    this.startNext()
  }

  /** react returns whether to try once more. */
  private async react(
    id: string,
    at: Attachment,
    outcome: Outcome,
    attempt: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    switch (outcome.is) {
      case 'done':
        await this.finish(id, at)
        return false
      case 'lost':
        if (!(await isReadable(at.file))) {
          const reason = 'This file has moved or changed on your device. Choose it again to go on.'
          this.apply(id, { type: 'refused', reason, again: 'never' })
          return false
        }
        this.apply(id, { type: 'lost', because: outcome.because, attempt })
        await waitForNetwork(backoffMs(attempt, Math.random()), signal)
        return true
      case 'signed-out':
        this.apply(id, { type: 'signed-out' })
        await untilSignedIn(signal)
        return true
      case 'refused':
        this.apply(id, { type: 'refused', reason: outcome.reason, again: outcome.again })
        return false
      case 'stopped':
        return false
      default: {
        const unexpected: never = outcome
        return unexpected
      }
    }
  }

  private async attempt(id: string, at: Attachment, signal: AbortSignal): Promise<Outcome> {
    try {
      const { send } = await import('./send')
      return await send(at.file, this.find(id)?.link ?? null, signal, {
        onCreated: (link) => {
          this.apply(id, { type: 'created', link })
          this.ledger.put({
            ...link,
            fingerprint: at.fingerprint,
            fileName: at.file.name,
            sizeBytes: at.file.size,
            aliveUntilMs: Date.now() + aliveMs,
          })
        },
        onStood: (offsetBytes) => this.apply(id, { type: 'stood', offsetBytes }),
        onProgress: (sentBytes) => this.progress(id, at, sentBytes),
      })
    } catch {
      // the code for sending could not be loaded
      return { is: 'lost', because: 'network' }
    }
  }

  private progress(id: string, at: Attachment, sentBytes: number): void {
    const nowMs = Date.now()
    if (nowMs - at.lastDrawMs < drawEveryMs) return
    at.lastDrawMs = nowMs
    this.apply(id, { type: 'progressed', sentBytes, nowMs })
    if (nowMs - at.lastTouchMs < touchEveryMs) return
    at.lastTouchMs = nowMs
    // here too: timers of a hidden tab are slow, but its progress events are not
    this.ledger.touch(at.fingerprint, nowMs + aliveMs)
  }

  private async finish(id: string, at: Attachment): Promise<void> {
    this.apply(id, { type: 'finished' })
    this.ledger.remove(at.fingerprint)
    const link = this.find(id)?.link
    if (link) await this.hooks.onVideo(link.videoId)
    this.remove(id)
  }

  private remove(id: string): void {
    this.attached.delete(id)
    this.items = this.items.filter((u) => u.id !== id)
    this.lookBack()
    this.startNext()
  }

  private find(id: string): Upload | undefined {
    return this.items.find((u) => u.id === id)
  }

  private apply(id: string, event: UploadEvent): void {
    const i = this.items.findIndex((u) => u.id === id)
    const before = this.items[i]
    if (!before) return
    const after = reduce(before, event)
    this.items = this.items.with(i, after)
    const sentence = announcement(before, after)
    if (sentence) this.hooks.announce(sentence)
  }

  private touchAll(aliveUntilMs: number): void {
    for (const [id, at] of this.attached) {
      const upload = this.find(id)
      if (upload?.link && (isBusy(upload) || isUnfinished(upload))) this.ledger.touch(at.fingerprint, aliveUntilMs)
    }
  }

  /** check drops an entry whose upload has ended elsewhere: finished, given up, or expired. */
  private async check(entry: Entry, signal: AbortSignal): Promise<void> {
    try {
      const video = await getVideo(entry.videoId, signal)
      if (video.state === 'uploading' && !video.deletedAt) return
    } catch (error) {
      if (problemOf(error).at !== 'gone') return
    }
    this.ledger.remove(entry.fingerprint)
    this.lookBack()
  }

  private lookBack(): void {
    const here = new Set([...this.attached.values()].map((at) => at.fingerprint))
    const nowMs = Date.now()
    this.unfinished = this.ledger.all().filter((e) => !here.has(e.fingerprint) && e.aliveUntilMs < nowMs)
  }
}

async function endOnServer(link: Link): Promise<void> {
  const { giveUp } = await import('./send')
  if (!(await giveUp(link))) await trashVideo(link.videoId, AbortSignal.timeout(20_000))
}

async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer()
    return true
  } catch {
    return false
  }
}

/**
 * untilSignedIn asks again whenever the page becomes visible, because signing in happens in another
 * tab.
 */
async function untilSignedIn(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await nextLook(signal)
    if (signal.aborted) return
    try {
      if (await isSignedIn(signal)) return
    } catch {
      // The server is unreachable: the next look asks again.
    }
  }
}

function nextLook(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      removeEventListener('focus', end)
      document.removeEventListener('visibilitychange', look)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const look = (): void => {
      if (document.visibilityState === 'visible') end()
    }
    addEventListener('focus', end)
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
