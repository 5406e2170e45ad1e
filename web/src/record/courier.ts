// Brings one take to the server: in order, two chunks at a time, for as long as it takes.
import { type Begun, parseBegun, parseToken, parseUploadState, parseVideoState } from '../api/recordings'
import { newBackoff } from '../api/retry'
import { digestHeader, sameBytes, sha256 } from './digest'
import type { Answer, Exchange, Request } from './exchange'
import { type Outcome, outcomeOf, type Stuck } from './outcome'
import { type About, type Beat, type ChunkHead, type Tallies, type TrackName, trackNames } from './track'

const inFlight = 2
const beatEveryMs = 30_000
const triesToSeal = 5

/** How long a recording waits before it asks the server again. */
export const backoffMs = newBackoff({ firstMs: 150, longestMs: 4000 })

/** What stands between a take and the server right now. */
export type Trouble =
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
  trouble: Trouble
  sealed: boolean
}

/** What a courier needs of the world. */
export type Ways = {
  exchange: Exchange
  /** wait resolves after ms, at once when the network is back, or when the signal fires. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  random: () => number
  /** read gives a chunk's bytes; undefined when this device does not have them any more. */
  read: (track: TrackName, n: number) => Promise<Uint8Array<ArrayBuffer> | undefined>
  /** save keeps what is known of the take over the end of this page. */
  save: (about: About) => Promise<void>
  /** acknowledged: the server has it, by its hash. */
  acknowledged: (head: ChunkHead) => void
  report: (progress: Progress) => void
}

type Job = { head: ChunkHead; at: 'waiting' | 'flying' | 'safe' }

export class Courier {
  private readonly jobs: Job[] = []
  private trouble: Trouble = { at: 'none' }
  private sleepers: (() => void)[] = []
  private patience = new AbortController()
  private renewing: Promise<boolean> | null = null
  private beatSoon: () => void = () => {}
  /** What the server was told last. */
  private told: Beat | null = null

  constructor(
    readonly about: About,
    private readonly ways: Ways,
  ) {}

  /** add takes over the delivery of a chunk that read can give. */
  add(head: ChunkHead): void {
    this.jobs.push({ head, at: 'waiting' })
    this.changed()
  }

  /** beat tells the server soon, and then every half minute. */
  async beat(beat: Beat): Promise<void> {
    this.about.beat = beat
    await this.ways.save(this.about)
    this.beatSoon()
  }

  /** finish says that no chunk follows: run ends when the server has sealed the recording. */
  async finish(tallies: Tallies): Promise<void> {
    this.about.tallies = tallies
    await this.ways.save(this.about)
    this.hurry()
    this.changed()
  }

  /**
   * talliesThere counts what the server has and what is here beyond it, for a take that an earlier
   * page left behind.
   */
  async talliesThere(signal: AbortSignal): Promise<Tallies> {
    const there = this.about.link ? await this.stateThere(signal) : undefined
    const tallies: Tallies = {}
    for (const track of trackNames) {
      const next = there?.tracks[track]?.next ?? 0
      const rest = this.jobs.filter((j) => j.head.track === track && j.head.n >= next)
      const chunks = next + rest.length
      const bytes = (there?.tracks[track]?.bytes ?? 0) + rest.reduce((sum, j) => sum + j.head.sizeBytes, 0)
      if (chunks > 0) tallies[track] = { chunks, bytes }
    }
    return tallies
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
    const beats = this.beats(both)
    while (!signal.aborted && !this.about.sealed) {
      if (this.trouble.at === 'stuck') await this.sleep(signal)
      else if (await this.haveLink(signal)) {
        await Promise.all(Array.from({ length: inFlight }, () => this.lane(signal)))
        if (this.isEmpty() && !signal.aborted) await this.seal(signal)
      }
    }
    end.abort()
    await beats
  }

  /**
   * retry goes on after being stuck; anew forgets the link and begins another video with all that
   * is here.
   */
  async retry(anew: boolean): Promise<void> {
    if (anew) {
      this.about.link = null
      this.about.makes++
      this.about.sealed = false
      for (const job of this.jobs) job.at = 'waiting'
      await this.ways.save(this.about)
    }
    this.hurry()
    this.say({ at: 'none' })
  }

  /** cancel takes the link and what is there of it from the server, after run has ended. */
  async cancel(signal: AbortSignal): Promise<void> {
    const { link } = this.about
    if (link) await this.insist(() => ({ method: 'DELETE', path: link.uploadUrl }), signal)
  }

  /**
   * videoState asks for the state of the video; undefined while nobody answers, gone when it is not
   * there any more.
   */
  async videoState(signal: AbortSignal): Promise<string | undefined> {
    const { link } = this.about
    if (!link) return undefined
    const answer = await this.ways.exchange(
      { method: 'GET', path: `/api/v1/videos/${encodeURIComponent(link.videoId)}` },
      signal,
    )
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
      videoId: this.about.link?.videoId ?? null,
      watchUrl: this.about.link?.watchUrl ?? null,
      takenMs: sumSpans(main),
      safeMs: sumSpans(gap < 0 ? main : main.slice(0, gap)),
      waitingMs: Math.max(...spans),
      waitingBytes: waiting.reduce((sum, j) => sum + j.head.sizeBytes, 0),
      trouble: this.trouble,
      sealed: this.about.sealed,
    }
  }

  /** haveLink makes the video where there is none yet. False when that has to wait for somebody. */
  private async haveLink(signal: AbortSignal): Promise<boolean> {
    if (this.about.link) return true
    const { id, title, makes } = this.about
    const headers = { 'Idempotency-Key': `"${id}.${makes}"` } // a lost answer makes no second one
    const json = { source: 'recording', ...(title ? { title } : {}) }
    const answer = await this.insist(() => ({ method: 'POST', path: '/api/v1/videos', headers, json }), signal)
    if (!answer) return false
    const begun: Begun = parseBegun(answer.json)
    this.about.link = begun
    await this.ways.save(this.about)
    this.changed()
    this.beatSoon()
    return true
  }

  private async lane(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.trouble.at !== 'stuck' && this.about.link) {
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
    const bytes = await this.ways.read(head.track, head.n)
    const answer = bytes
      ? await this.insist((link) => putOf(link?.uploadUrl ?? '', head, bytes, this.about), signal, head)
      : undefined
    if (!bytes) this.say(damaged)
    job.at = answer ? 'safe' : 'waiting'
    if (answer) this.ways.acknowledged(head)
    this.changed()
  }

  /** seal compares what was recorded with what is there; what is missing goes again. */
  private async seal(signal: AbortSignal): Promise<void> {
    // pauses, and where the camera begins
    if (this.told !== this.about.beat) await this.tellBeat(signal)
    for (let attempt = 1; attempt <= triesToSeal && !signal.aborted; attempt++) {
      const { link, tallies } = this.about
      if (!link || !tallies) return
      const answer = await this.ask(
        { method: 'POST', path: `${link.uploadUrl}/complete`, json: { tracks: tallies } },
        signal,
      )
      if (answer.status !== 409) {
        const outcome = outcomeOf(answer)
        if (outcome.is === 'good') return this.sealed()
        if (outcome.is === 'stuck') return this.say({ at: 'stuck', ...outcome.stuck })
        await this.waitAfter(outcome, attempt, signal)
        attempt = Math.min(attempt, triesToSeal - 1) // only a refusal counts
        continue
      }
      if (await this.requeueMissing(signal)) return
      await this.ways.wait(backoffMs(attempt, this.ways.random()), signal)
    }
    if (!signal.aborted) this.say({ at: 'stuck', ...sumsDiffer })
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
    this.about.sealed = true
    this.say({ at: 'none' })
    await this.ways.save(this.about)
    this.wakeAll()
  }

  /**
   * insist repeats a request until it is answered well. Undefined when it cannot be, or when the
   * signal fires.
   */
  private async insist(
    make: (link: About['link']) => Request,
    signal: AbortSignal,
    head?: ChunkHead,
  ): Promise<Answer | undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const request = make(this.about.link)
      const answer = await this.ask(request, signal)
      const outcome = outcomeOf(answer)
      if (outcome.is === 'good') {
        if (this.trouble.at !== 'stuck') this.say({ at: 'none' })
        return answer
      }
      if (outcome.is === 'stuck') {
        if (request.method !== 'DELETE') this.say({ at: 'stuck', ...outcome.stuck })
        return undefined
      }
      if (outcome.is === 'damaged' && head && request.bytes && !sameBytes(await sha256(request.bytes), head.sha256)) {
        this.say(damaged)
        return undefined
      }
      await this.waitAfter(outcome, attempt, signal)
      if (this.trouble.at === 'stuck') return undefined // the other lane found that nothing goes
    }
    return undefined
  }

  /**
   * ask adds the upload's token where the request goes to the upload, and gets a new one when the
   * old one has ended.
   */
  private async ask(request: Request, signal: AbortSignal): Promise<Answer> {
    const { link } = this.about
    if (!link || !request.path.startsWith(link.uploadUrl)) return this.ways.exchange(request, signal)
    const answer = await this.ways.exchange({ ...request, token: link.token }, signal)
    if (answer.status !== 401 || !(await this.renew(link.token, signal))) return answer
    return this.ways.exchange({ ...request, token: this.about.link?.token ?? '' }, signal)
  }

  /** renew asks, as the person who is signed in, for another token; one question for both lanes. */
  private renew(stale: string, signal: AbortSignal): Promise<boolean> {
    if (this.about.link && this.about.link.token !== stale) return Promise.resolve(true)
    this.renewing ??= this.fetchToken(signal).finally(() => {
      this.renewing = null
    })
    return this.renewing
  }

  private async fetchToken(signal: AbortSignal): Promise<boolean> {
    const { link } = this.about
    if (!link) return false
    const answer = await this.ways.exchange(
      { method: 'POST', path: `/api/v1/videos/${encodeURIComponent(link.videoId)}/upload-token`, json: {} },
      signal,
    )
    return answer.status >= 200 && answer.status < 300 && this.keepToken(parseToken(answer.json))
  }

  private async keepToken(token: string | undefined): Promise<boolean> {
    if (!token || !this.about.link) return false
    this.about.link.token = token
    await this.ways.save(this.about)
    return true
  }

  /**
   * beats go on while there may be more to come: silence is what tells the server that we are gone.
   */
  private async beats(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { beat, tallies } = this.about
      if (!tallies && this.trouble.at !== 'stuck') await this.tellBeat(signal)
      // else there is something new already
      if (this.about.beat === beat) await this.nextBeat(signal)
    }
  }

  private async tellBeat(signal: AbortSignal): Promise<void> {
    const { link, beat, startedAtMs } = this.about
    if (!link) return
    const answer = await this.ask(
      { method: 'POST', path: `${link.uploadUrl}/heartbeat`, json: beatJson(beat, startedAtMs) },
      signal,
    )
    if (answer.status !== 200) return
    this.told = beat
    await this.keepToken(parseToken(answer.json))
  }

  private nextBeat(signal: AbortSignal): Promise<void> {
    const soon = new AbortController()
    this.beatSoon = () => soon.abort()
    return this.ways.wait(beatEveryMs, AbortSignal.any([signal, soon.signal]))
  }

  private async stateThere(signal: AbortSignal): Promise<ReturnType<typeof parseUploadState> | undefined> {
    const { link } = this.about
    if (!link) return undefined
    const answer = await this.ask({ method: 'GET', path: link.uploadUrl }, signal)
    return answer.status === 200 ? parseUploadState(answer.json) : undefined
  }

  private async waitAfter(outcome: Outcome, attempt: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    if (outcome.is === 'signed-out') this.say({ at: 'signed-out' })
    else if (outcome.is === 'again') this.say({ at: 'away', because: outcome.because, attempt })
    await this.ways.wait(backoffMs(attempt, this.ways.random()), AbortSignal.any([signal, this.patience.signal]))
  }

  /** hurry ends the waiting between two tries: somebody looks on. */
  private hurry(): void {
    this.patience.abort()
    this.patience = new AbortController()
  }

  private isEmpty(): boolean {
    return this.about.tallies !== null && this.jobs.every((j) => j.at === 'safe')
  }

  private say(trouble: Trouble): void {
    this.trouble = trouble
    this.changed()
  }

  private changed(): void {
    this.ways.report(this.progress())
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

const damaged: Trouble = {
  at: 'stuck',
  why: 'damaged',
  sentence: 'A piece of this recording cannot be read from this device any more. What came before it is on the server.',
}

const sumsDiffer: Stuck = {
  why: 'conflict',
  sentence: 'The server does not agree that it has everything. The recording is kept on this device.',
}

function putOf(uploadUrl: string, head: ChunkHead, bytes: Uint8Array<ArrayBuffer>, about: About): Request {
  return {
    method: 'PUT',
    path: `${uploadUrl}/tracks/${head.track}/chunks/${head.n}`,
    headers: {
      'Content-Digest': digestHeader(head.sha256),
      'Content-Type': about.types[head.track] ?? 'application/octet-stream',
    },
    bytes,
  }
}

function beatJson(beat: Beat, startedAtMs: number): Record<string, unknown> {
  const pauses = beat.pauses.map((p) => ({ from: iso(p.fromMs), ...(p.toMs === null ? {} : { to: iso(p.toMs) }) }))
  const offset = beat.cameraOffsetMs === null ? {} : { camera_offset_ms: Math.round(beat.cameraOffsetMs) }
  return { state: beat.state, started_at: iso(startedAtMs), pauses, ...offset }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function sumSpans(jobs: Job[]): number {
  return jobs.reduce((sum, j) => sum + j.head.spanMs, 0)
}
