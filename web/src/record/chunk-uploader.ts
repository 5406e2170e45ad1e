// Brings one take to the server: in order, two chunks at a time, for as long as it takes.
import { type Begun, parseBegun, parseToken, parseUploadState, parseVideoState } from '../api/recordings'
import { newBackoff } from '../api/retry'
import { digestHeader, sameBytes, sha256 } from './digest'
import type { Answer, Exchange, Request } from './exchange'
import { type Outcome, outcomeOf, type Stuck } from './outcome'
import {
  type ChunkHead,
  type Heartbeat,
  type Link,
  type TakeMeta,
  type Totals,
  type TrackName,
  trackNames,
} from './track'

const inFlight = 2
const heartbeatEveryMs = 30_000
const triesToSeal = 5

/** How soon a take asks again whether its workspace is open. */
const askAgainMs = 10_000

/** How long a recording waits before it asks the server again. */
export const backoffMs = newBackoff({ firstMs: 150, longestMs: 4000 })

/** What stands between a take and the server right now. */
export type UploadProblem =
  | { at: 'none' }
  | { at: 'away'; because: 'network' | 'server' | 'full'; attempt: number }
  | { at: 'signed-out' }
  | ({ at: 'stuck' } & Stuck)

export type Progress = {
  videoId: string | null
  watchUrl: string | null
  /** The whole take, as far as it has come here. */
  takenMs: number
  /** The server has everything up to here. */
  safeMs: number
  waitingMs: number
  waitingBytes: number
  problem: UploadProblem
  sealed: boolean
}

/** What a uploader needs of the world. */
export type UploaderDeps = {
  exchange: Exchange
  /** wait resolves after ms, at once when the network is back, or when the signal fires. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  random: () => number
  /** read gives a chunk's bytes; undefined when this device does not have them any more. */
  read: (track: TrackName, n: number) => Promise<Uint8Array<ArrayBuffer> | undefined>
  /** save keeps what is known of the take over the end of this page. */
  save: (meta: TakeMeta) => Promise<void>
  /** acknowledged: the server has it, by its hash. */
  acknowledged: (head: ChunkHead) => void
  report: (progress: Progress) => void
}

type Job = { head: ChunkHead; at: 'waiting' | 'flying' | 'safe' }

export class ChunkUploader {
  private readonly jobs: Job[] = []
  private problem: UploadProblem = { at: 'none' }
  private sleepers: (() => void)[] = []
  private waitingAgain = new AbortController()
  private renewing: Promise<boolean> | null = null
  private heartbeatSoon: () => void = () => {}
  /** What the server was told last. */
  private lastSent: Heartbeat | null = null

  constructor(
    readonly meta: TakeMeta,
    private readonly deps: UploaderDeps,
  ) {}

  /** add takes over the delivery of a chunk that read can give. */
  add(head: ChunkHead): void {
    this.jobs.push({ head, at: 'waiting' })
    this.changed()
  }

  /** beat tells the server soon, and then every half minute. */
  async heartbeat(heartbeat: Heartbeat): Promise<void> {
    this.meta.heartbeat = heartbeat
    await this.deps.save(this.meta)
    this.heartbeatSoon()
  }

  /** finish says that no chunk follows: run ends when the server has sealed the recording. */
  async finish(totals: Totals): Promise<void> {
    this.meta.totals = totals
    await this.deps.save(this.meta)
    this.hurry()
    this.changed()
  }

  /**
   * countTotals counts what the server has and what is here beyond it, for a take that an earlier
   * page left behind.
   */
  async countTotals(signal: AbortSignal): Promise<Totals> {
    const there = this.meta.link ? await this.stateThere(signal) : undefined
    const totals: Totals = {}
    for (const track of trackNames) {
      const next = there?.tracks[track]?.next ?? 0
      const rest = this.jobs.filter((j) => j.head.track === track && j.head.n >= next)
      const chunks = next + rest.length
      const bytes = (there?.tracks[track]?.bytes ?? 0) + rest.reduce((sum, j) => sum + j.head.sizeBytes, 0)
      if (chunks > 0) totals[track] = { chunks, bytes }
    }
    return totals
  }

  /**
   * hasChunksThere: whether the server has anything of it; undefined when it could not be asked.
   */
  async hasChunksThere(signal: AbortSignal): Promise<boolean | undefined> {
    const there = await this.stateThere(signal)
    return there && Object.values(there.tracks).some((track) => track.next > 0)
  }

  /**
   * adopt asks the server what it has of a take that an earlier page left behind. False when it
   * could not be asked: everything is sent then.
   */
  async adopt(signal: AbortSignal): Promise<boolean> {
    const there = await this.stateThere(signal)
    if (!there) return false
    for (const job of this.jobs) if (job.head.n < (there.tracks[job.head.track]?.next ?? 0)) job.at = 'safe'
    if (there.sealed && this.jobs.every((j) => j.at === 'safe')) await this.sealed()
    this.changed()
    return true
  }

  /** run delivers until the recording is sealed, or the signal fires. It never gives up. */
  async run(signal: AbortSignal): Promise<void> {
    const end = new AbortController()
    const both = AbortSignal.any([signal, end.signal])
    both.addEventListener('abort', () => this.wakeAll())
    const heartbeats = this.heartbeats(both)
    while (!signal.aborted && !this.meta.sealed) {
      if (this.problem.at === 'stuck' && this.problem.why !== 'elsewhere') await this.sleep(signal)
      else if (this.meta.discarded === 'undone') await this.bringBack(signal)
      else if (await this.haveLink(signal)) {
        await Promise.all(Array.from({ length: inFlight }, () => this.lane(signal)))
        if (this.isEmpty() && !signal.aborted) await this.seal(signal)
      }
    }
    end.abort()
    await heartbeats
  }

  /**
   * retry goes on after being stuck; anew forgets the link and begins another video with all that
   * is here.
   */
  async retry(anew: boolean): Promise<void> {
    if (anew) {
      this.forgetLink()
      await this.deps.save(this.meta)
    }
    this.hurry()
    this.setProblem({ at: 'none' })
  }

  /** discard remembers that the take was discarded, after run has ended. */
  async discard(): Promise<void> {
    this.meta.discarded = 'here'
    await this.deps.save(this.meta)
  }

  /**
   * sayGoodbye tells the server that the take was discarded, until it knows, it refuses, or the
   * signal fires. The server then puts the video into the trash.
   */
  async sayGoodbye(signal: AbortSignal): Promise<void> {
    if (!(await this.giveUp(signal)) || signal.aborted) return
    this.meta.discarded = 'there'
    await this.deps.save(this.meta)
  }

  /** takeBack undoes discard: run restores the video, and finishes the take. */
  async takeBack(): Promise<void> {
    this.meta.discarded = 'undone'
    await this.deps.save(this.meta)
    this.setProblem({ at: 'none' })
  }

  get hasChunks(): boolean {
    return this.jobs.length > 0
  }

  /** hasArrived: the server has confirmed a chunk. */
  get hasArrived(): boolean {
    return this.jobs.some((j) => j.at === 'safe')
  }

  /**
   * videoState asks for the state of the video; undefined while nobody answers, gone when it is not
   * there any more.
   */
  async videoState(signal: AbortSignal): Promise<string | undefined> {
    const { link } = this.meta
    if (!link) return undefined
    const answer = await this.deps.exchange({ method: 'GET', path: videoPath(link) }, signal)
    if (answer.status === 404) return 'gone'
    return answer.status === 200 ? parseVideoState(answer.json) : undefined
  }

  progress(): Progress {
    const waiting = this.jobs.filter((j) => j.at !== 'safe')
    const spans = trackNames.map((track) =>
      waiting.filter((j) => j.head.track === track).reduce((sum, j) => sum + j.head.spanMs, 0),
    )
    const main = this.jobs.filter((j) => j.head.track === 'screen')
    const gap = main.findIndex((j) => j.at !== 'safe')
    return {
      videoId: this.meta.link?.videoId ?? null,
      watchUrl: this.meta.link?.watchUrl ?? null,
      takenMs: sumSpans(main),
      safeMs: sumSpans(gap < 0 ? main : main.slice(0, gap)),
      waitingMs: Math.max(...spans),
      waitingBytes: waiting.reduce((sum, j) => sum + j.head.sizeBytes, 0),
      problem: this.problem,
      sealed: this.meta.sealed,
    }
  }

  /**
   * bringBack restores the video of a take whose discard was undone. If the server has nothing of
   * it, or has deleted it for good, everything that is here goes into another video.
   */
  private async bringBack(signal: AbortSignal): Promise<void> {
    const { link } = this.meta
    if (link && !(await this.restore(link, signal))) return
    this.setProblem({ at: 'none' })
    this.meta.totals ??= await this.countTotals(signal)
    if (signal.aborted) return
    this.meta.discarded = 'no'
    await this.deps.save(this.meta)
    this.changed()
  }

  /** restore is false while the take has to wait. */
  private async restore(link: Link, signal: AbortSignal): Promise<boolean> {
    const restore = (): Request => ({ method: 'POST', path: `${videoPath(link)}/restore` })
    const answer = await this.requestUntilDone(restore, signal, undefined, nothingToRestore)
    const isGone = answer?.status === 404 && (await this.isUploadGone(link, signal))
    if (!answer || isGone === undefined || this.meta.link !== link) return false // or retry forgot it
    if (!nothingToRestore.includes(answer.status)) await this.adopt(signal)
    else if (answer.status === 404 && !isGone) {
      this.setProblem(elsewhere)
      await this.deps.wait(askAgainMs, AbortSignal.any([signal, this.waitingAgain.signal]))
      return false
    } else if (await this.isAllHere()) this.forgetLink()
    else {
      this.setProblem(onlyPartHere)
      return false
    }
    return true
  }

  /**
   * isUploadGone asks by the upload's token. A person does not find a video while another workspace
   * is open. Undefined when it could not be asked.
   */
  private async isUploadGone(link: Link, signal: AbortSignal): Promise<boolean | undefined> {
    const ask = (): Request => ({ method: 'GET', path: link.uploadUrl })
    const answer = await this.requestUntilDone(ask, signal, undefined, [401, 404, 410])
    return answer && answer.status === 404
  }

  /** isAllHere: this device still has every chunk, also those that the server had. */
  private async isAllHere(): Promise<boolean> {
    for (const track of trackNames) {
      const heads = this.jobs.map((j) => j.head).filter((head) => head.track === track)
      for (const [i, { n }] of heads.entries()) if (n !== i || !(await this.deps.read(track, n))) return false
    }
    return this.hasChunks
  }

  private async giveUp(signal: AbortSignal): Promise<boolean> {
    const { link } = this.meta
    if (!link) return true
    const remove = (path: string, others: readonly number[]) =>
      this.requestUntilDone(() => ({ method: 'DELETE', path }), signal, undefined, others)
    let answer = await remove(link.uploadUrl, [...alreadyGone, complete])
    // Not found would say nothing of a video: another workspace may be open.
    if (answer?.status === complete) answer = await remove(videoPath(link), [])
    return answer !== undefined
  }

  /** forgetLink: another video begins, with all that is here. */
  private forgetLink(): void {
    this.meta.link = null
    this.meta.makes++
    this.meta.sealed = false
    for (const job of this.jobs) job.at = 'waiting'
  }

  /** haveLink makes the video where there is none yet. False when that has to wait for somebody. */
  private async haveLink(signal: AbortSignal): Promise<boolean> {
    if (this.meta.link) return true
    const { id, title, makes } = this.meta
    const headers = { 'Idempotency-Key': `"${id}.${makes}"` } // a lost answer makes no second one
    const json = { source: 'recording', ...(title ? { title } : {}) }
    const answer = await this.requestUntilDone(
      () => ({ method: 'POST', path: '/api/v1/videos', headers, json }),
      signal,
    )
    if (!answer) return false
    const begun: Begun = parseBegun(answer.json)
    this.meta.link = begun
    await this.deps.save(this.meta)
    this.changed()
    this.heartbeatSoon()
    return true
  }

  private async lane(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.problem.at !== 'stuck' && this.meta.link) {
      const job = this.jobs.find((j) => j.at === 'waiting')
      if (job) await this.deliver(job, signal)
      else if (this.isEmpty()) return
      else await this.sleep(signal)
    }
  }

  /** deliver makes a chunk safe, or leaves it waiting when the take is stuck or the page goes. */
  private async deliver(job: Job, signal: AbortSignal): Promise<void> {
    const { head } = job
    job.at = 'flying'
    const bytes = await this.deps.read(head.track, head.n)
    const answer = bytes
      ? await this.requestUntilDone((link) => putOf(link?.uploadUrl ?? '', head, bytes, this.meta), signal, head)
      : undefined
    if (!bytes) this.setProblem(damaged)
    job.at = answer ? 'safe' : 'waiting'
    if (answer) this.deps.acknowledged(head)
    this.changed()
  }

  /** seal compares what was recorded with what is there; what is missing goes again. */
  private async seal(signal: AbortSignal): Promise<void> {
    // pauses, and where the camera begins
    if (this.lastSent !== this.meta.heartbeat) await this.sendHeartbeat(signal)
    for (let attempt = 1; attempt <= triesToSeal && !signal.aborted; attempt++) {
      const { link, totals } = this.meta
      if (!link || !totals) return
      const answer = await this.request(
        { method: 'POST', path: `${link.uploadUrl}/complete`, json: { tracks: totals } },
        signal,
      )
      if (answer.status !== 409) {
        const outcome = outcomeOf(answer)
        if (outcome.is === 'good') return this.sealed()
        if (outcome.is === 'stuck') return this.setProblem({ at: 'stuck', ...outcome.stuck })
        await this.waitAfter(outcome, attempt, signal)
        attempt = Math.min(attempt, triesToSeal - 1) // only a refusal counts
        continue
      }
      if (await this.requeueMissing(signal)) return
      await this.deps.wait(backoffMs(attempt, this.deps.random()), signal)
    }
    if (!signal.aborted) this.setProblem({ at: 'stuck', ...sumsDiffer })
  }

  /**
   * requeueMissing sends again what the server does not have. False when it has everything, and
   * still says no.
   */
  private async requeueMissing(signal: AbortSignal): Promise<boolean> {
    const there = await this.stateThere(signal)
    const missing = this.jobs.filter((j) => j.head.n >= (there?.tracks[j.head.track]?.next ?? 0))
    for (const job of missing) job.at = 'waiting'
    this.changed()
    return there !== undefined && missing.length > 0
  }

  private async sealed(): Promise<void> {
    this.meta.sealed = true
    this.setProblem({ at: 'none' })
    await this.deps.save(this.meta)
    this.wakeAll()
  }

  /**
   * requestUntilDone repeats a request until it is answered well, or with one of the other
   * statuses. Undefined when it cannot be, or when the signal fires.
   */
  private async requestUntilDone(
    make: (link: TakeMeta['link']) => Request,
    signal: AbortSignal,
    head?: ChunkHead,
    others: readonly number[] = [],
  ): Promise<Answer | undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const request = make(this.meta.link)
      const answer = await this.request(request, signal)
      const outcome = outcomeOf(answer)
      if (outcome.is === 'good' || others.includes(answer.status)) {
        if (this.problem.at !== 'stuck') this.setProblem({ at: 'none' })
        return answer
      }
      if (outcome.is === 'stuck') {
        if (request.method !== 'DELETE') this.setProblem({ at: 'stuck', ...outcome.stuck })
        return undefined
      }
      if (outcome.is === 'damaged' && head && request.bytes && !sameBytes(await sha256(request.bytes), head.sha256)) {
        this.setProblem(damaged)
        return undefined
      }
      await this.waitAfter(outcome, attempt, signal)
      if (this.problem.at === 'stuck') return undefined // the other lane found that nothing goes
    }
    return undefined
  }

  /**
   * request sends the upload's token along with what goes to the upload. When it has ended, it gets
   * a new one and asks again.
   */
  private async request(request: Request, signal: AbortSignal): Promise<Answer> {
    const { link } = this.meta
    if (!link || !request.path.startsWith(link.uploadUrl)) return this.deps.exchange(request, signal)
    const answer = await this.deps.exchange({ ...request, token: link.token }, signal)
    if (answer.status !== 401 || !(await this.renew(link.token, signal))) return answer
    return this.deps.exchange({ ...request, token: this.meta.link?.token ?? '' }, signal)
  }

  /** renew asks, as the person who is signed in, for another token; one question for both lanes. */
  private renew(stale: string, signal: AbortSignal): Promise<boolean> {
    if (this.meta.link && this.meta.link.token !== stale) return Promise.resolve(true)
    this.renewing ??= this.fetchToken(signal).finally(() => {
      this.renewing = null
    })
    return this.renewing
  }

  private async fetchToken(signal: AbortSignal): Promise<boolean> {
    const { link } = this.meta
    if (!link) return false
    const answer = await this.deps.exchange(
      { method: 'POST', path: `${videoPath(link)}/upload-token`, json: {} },
      signal,
    )
    return answer.status >= 200 && answer.status < 300 && this.keepToken(parseToken(answer.json))
  }

  private async keepToken(token: string | undefined): Promise<boolean> {
    if (!token || !this.meta.link) return false
    this.meta.link.token = token
    await this.deps.save(this.meta)
    return true
  }

  /**
   * beats go on while there may be more to come: silence is what tells the server that we are gone.
   */
  private async heartbeats(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { heartbeat, totals } = this.meta
      if (!totals && this.problem.at !== 'stuck') await this.sendHeartbeat(signal)
      // else there is something new already
      if (this.meta.heartbeat === heartbeat) await this.nextHeartbeat(signal)
    }
  }

  private async sendHeartbeat(signal: AbortSignal): Promise<void> {
    const { link, heartbeat, startedAtMs } = this.meta
    if (!link) return
    const answer = await this.request(
      { method: 'POST', path: `${link.uploadUrl}/heartbeat`, json: heartbeatJson(heartbeat, startedAtMs) },
      signal,
    )
    if (answer.status !== 200) return
    this.lastSent = heartbeat
    await this.keepToken(parseToken(answer.json))
  }

  private nextHeartbeat(signal: AbortSignal): Promise<void> {
    const soon = new AbortController()
    this.heartbeatSoon = () => soon.abort()
    return this.deps.wait(heartbeatEveryMs, AbortSignal.any([signal, soon.signal]))
  }

  private async stateThere(signal: AbortSignal): Promise<ReturnType<typeof parseUploadState> | undefined> {
    const { link } = this.meta
    if (!link) return undefined
    const answer = await this.request({ method: 'GET', path: link.uploadUrl }, signal)
    return answer.status === 200 ? parseUploadState(answer.json) : undefined
  }

  private async waitAfter(outcome: Outcome, attempt: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    if (outcome.is === 'signed-out') this.setProblem({ at: 'signed-out' })
    else if (outcome.is === 'again') this.setProblem({ at: 'away', because: outcome.because, attempt })
    await this.deps.wait(backoffMs(attempt, this.deps.random()), AbortSignal.any([signal, this.waitingAgain.signal]))
  }

  /** hurry ends the waiting between two tries: somebody looks on. */
  private hurry(): void {
    this.waitingAgain.abort()
    this.waitingAgain = new AbortController()
  }

  private isEmpty(): boolean {
    return this.meta.totals !== null && this.jobs.every((j) => j.at === 'safe')
  }

  private setProblem(problem: UploadProblem): void {
    this.problem = problem
    this.changed()
  }

  private changed(): void {
    this.deps.report(this.progress())
    this.wakeAll()
  }

  private wakeAll(): void {
    for (const wake of this.sleepers.splice(0)) wake()
  }

  /** sleep until something has changed. */
  private sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      this.sleepers.push(resolve)
    })
  }
}

const damaged: UploadProblem = {
  at: 'stuck',
  why: 'damaged',
  sentence: 'A piece of this recording cannot be read from this device any more. What came before it is on the server.',
}

const elsewhere: UploadProblem = {
  at: 'stuck',
  why: 'elsewhere',
  sentence:
    'This recording belongs to another workspace. Switch back to that one, and it comes back by itself. Or send it as a new video to the one that is open.',
}

const onlyPartHere: UploadProblem = {
  at: 'stuck',
  why: 'damaged',
  sentence: 'This recording was deleted on the server for good, and this device has only a part of it. Download that.',
}

const sumsDiffer: Stuck = {
  why: 'conflict',
  sentence: 'The server does not confirm that it has everything. The recording is kept on this device.',
}

/** What the server says of an upload that was given up, or whose video is gone for good. */
const alreadyGone: readonly number[] = [404, 410]

/** It says so of an upload that is complete, where somebody wants to give it up. */
const complete = 409

/** The statuses of restore: the person does not find the video; nothing of it ever arrived. */
const nothingToRestore: readonly number[] = [404, 409]

function videoPath(link: Link): string {
  return `/api/v1/videos/${encodeURIComponent(link.videoId)}`
}

function putOf(uploadUrl: string, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>, meta: TakeMeta): Request {
  return {
    method: 'PUT',
    path: `${uploadUrl}/tracks/${head.track}/chunks/${head.n}`,
    headers: {
      'Content-Digest': digestHeader(head.sha256),
      'Content-Type': meta.types[head.track] ?? 'application/octet-stream',
    },
    bytes,
  }
}

function heartbeatJson(heartbeat: Heartbeat, startedAtMs: number): Record<string, unknown> {
  const pauses = heartbeat.pauses.map((p) => ({ from: iso(p.fromMs), ...(p.toMs === null ? {} : { to: iso(p.toMs) }) }))
  const offset = heartbeat.cameraOffsetMs === null ? {} : { camera_offset_ms: Math.round(heartbeat.cameraOffsetMs) }
  return { state: heartbeat.state, started_at: iso(startedAtMs), pauses, ...offset }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function sumSpans(jobs: Job[]): number {
  return jobs.reduce((sum, j) => sum + j.head.spanMs, 0)
}
