// The worker of recordings: it passes each message of the page to its take.
import { waitForNetwork } from '../api/retry'
import type { Progress } from './chunk-uploader'
import { exchange } from './exchange'
import type { SpooledTake, SpoolStore } from './spool/store'
import { type Keeping, type Network, type RecordedChunk, TakeUpload, type TrackFile } from './take-upload'
import type { Heartbeat, TakeMeta, Where } from './track'

export type WorkerRequest =
  | { command: 'begin'; meta: TakeMeta }
  | ({ command: 'chunk'; id: string } & RecordedChunk)
  | { command: 'heartbeat'; id: string; heartbeat: Heartbeat }
  | { command: 'finish'; id: string }
  | { command: 'cancel'; id: string }
  | { command: 'restore'; id: string }
  | { command: 'retry'; id: string; anew: boolean }
  | { command: 'copy'; id: string }
  | { command: 'find'; userId: string }

export type WorkerEvent =
  | { event: 'progress'; id: string; progress: Progress }
  | { event: 'keeping'; id: string; keeping: Keeping }
  | { event: 'found'; id: string; meta: TakeMeta; progress: Progress }
  | { event: 'copy'; id: string; files: TrackFile[] }
  /** The take was discarded. Until it is over, restore takes that back. */
  | { event: 'discarded'; id: string; where: Where; progress: Progress }
  | { event: 'over'; id: string; how: 'ready' | 'cancelled' }

/** A take without a chunk waits this long for the server. */
const goodbyeMs = 10_000

/** A take and the lock that keeps other tabs away from it. */
type Locked = { upload: TakeUpload; unlock: () => void }

export class RecordingWorker {
  private readonly takes = new Map<string, Locked>()
  private opening: Promise<void> = Promise.resolve()
  /** The last discarded take. It stays here, and can be restored. */
  private kept: string | null = null
  private spool: Promise<SpoolStore | null> | undefined

  /** openSpool returns null if this browser can store nothing: takes then stay in memory. */
  constructor(
    private readonly openSpool: () => Promise<SpoolStore | null>,
    private readonly post: (event: WorkerEvent) => void,
    private readonly network: Network = { exchange, wait: waitForNetwork },
  ) {}

  async handle(message: WorkerRequest): Promise<void> {
    if (message.command === 'find') return this.find(message.userId)
    if (message.command === 'begin') {
      this.opening = this.opening.then(() => this.begin(message.meta))
      return this.opening
    }
    await this.opening // chunks may come before their take is open
    const take = this.takes.get(message.id)
    if (!take) return
    const { upload } = take
    switch (message.command) {
      case 'chunk':
        return upload.addChunk(message)
      case 'heartbeat':
        return upload.heartbeat(message.heartbeat)
      case 'finish':
        return upload.finish()
      case 'cancel':
        return this.cancel(message.id, take)
      case 'restore':
        return this.restore(message.id, take)
      case 'retry':
        if (await upload.retry(message.anew)) void this.run(message.id, take)
        return
      case 'copy':
        return this.post({ event: 'copy', id: message.id, files: await upload.files() })
      default:
        return never(message)
    }
  }

  private async begin(meta: TakeMeta): Promise<void> {
    const unlock = await lock(meta.id)
    if (!unlock) return
    const take = this.add(meta, await this.openTake(meta.id), unlock, false)
    await take.upload.begin()
    void this.run(meta.id, take)
  }

  /**
   * find takes over the takes that other pages of this user left behind. A take that is still open
   * in a page is locked, and stays there.
   */
  private async find(userId: string): Promise<void> {
    const spool = await this.opened()
    for (const id of (await spool?.ids()) ?? []) {
      const unlock = this.takes.has(id) ? undefined : await lock(id)
      if (!spool || !unlock) continue
      // it may be readable another day
      const isTaken = await this.adopt(spool, id, userId, unlock).catch(() => false)
      if (!isTaken) unlock()
    }
  }

  private async adopt(spool: SpoolStore, id: string, userId: string, unlock: () => void): Promise<boolean> {
    const spooled = await spool.open(id)
    const meta = await spooled.meta()
    const heads = await spooled.heads()
    if (!meta) {
      if (heads.length === 0) await spool.remove(id)
      return false
    }
    if (meta.userId !== userId) return false
    const take = this.add(meta, spooled, unlock, true)
    if (meta.discarded === 'here' || meta.discarded === 'there') {
      void this.leave(id, take)
      return true
    }
    if (heads.length === 0 && !(await take.upload.mayBeOnServer())) {
      await this.drop(id, take) // nothing was recorded: its link leads nowhere
      return true
    }
    await take.upload.addSpooled(heads)
    if (!meta.sealed) this.post({ event: 'found', id, meta, progress: take.upload.uploader.progress() })
    void this.run(id, take)
    return true
  }

  private add(meta: TakeMeta, spooled: SpooledTake | null, unlock: () => void, adopted: boolean): Locked {
    const { id } = meta
    const upload = new TakeUpload(meta, {
      network: this.network,
      spooled,
      adopted,
      onProgress: (progress) => this.post({ event: 'progress', id, progress }),
      onKeeping: (keeping) => this.post({ event: 'keeping', id, keeping }),
    })
    const take = { upload, unlock }
    this.takes.set(id, take)
    return take
  }

  private async run(id: string, take: Locked): Promise<void> {
    if (await take.upload.run()) await this.close(id, take, 'ready')
  }

  /** cancel discards a take. It stays on this device until another one is discarded. */
  private async cancel(id: string, take: Locked): Promise<void> {
    if (id === this.kept) return
    await take.upload.discard()
    if (take.upload.isNothing) return this.drop(id, take)
    const earlier = this.kept
    this.kept = id
    this.tellWhere(id, take, take.upload.isThere ? 'leaving' : 'device')
    if (earlier) this.letGo(earlier)
    await this.leave(id, take)
  }

  /** letGo removes an earlier take, at once or as soon as the server knows. */
  private letGo(id: string): void {
    const take = this.takes.get(id)
    if (take?.upload.meta.discarded === 'there') void this.close(id, take, 'cancelled')
    else this.post({ event: 'over', id, how: 'cancelled' })
  }

  private async restore(id: string, take: Locked): Promise<void> {
    if (id !== this.kept) return
    this.kept = null
    await take.upload.restore()
    void this.run(id, take)
  }

  /**
   * leave tells the server of a discarded take. Only the last one stays here, and each that the
   * server refuses: the next page tells it again.
   */
  private async leave(id: string, take: Locked): Promise<void> {
    if (!(await take.upload.sayGoodbye())) return
    const isKnown = take.upload.meta.discarded === 'there'
    if (isKnown && id !== this.kept) await this.close(id, take, 'cancelled')
    else if (take.upload.isThere) this.tellWhere(id, take, isKnown ? 'trash' : 'refused')
  }

  private tellWhere(id: string, take: Locked, where: Where): void {
    this.post({ event: 'discarded', id, where, progress: take.upload.uploader.progress() })
  }

  /** drop removes a take without a chunk. If the server is away, it ends it by itself. */
  private async drop(id: string, take: Locked): Promise<void> {
    await take.upload.discard()
    await Promise.race([take.upload.sayGoodbye(), this.network.wait(goodbyeMs, AbortSignal.timeout(goodbyeMs))])
    await this.close(id, take, 'cancelled')
  }

  private async close(id: string, take: Locked, how: 'ready' | 'cancelled'): Promise<void> {
    if (!this.takes.delete(id)) return
    await take.upload.close()
    try {
      await (await this.opened())?.remove(id)
    } catch {
      // something still has a file of it open: the next page that looks finds the take again
    }
    take.unlock()
    this.post({ event: 'over', id, how })
  }

  /** openTake makes the take's spool; null if there is none. */
  private async openTake(id: string): Promise<SpooledTake | null> {
    try {
      return (await (await this.opened())?.open(id)) ?? null
    } catch {
      return null
    }
  }

  private opened(): Promise<SpoolStore | null> {
    this.spool ??= this.openSpool()
    return this.spool
  }
}

/**
 * lock keeps two tabs from working on one take. Undefined if another tab has it. The returned
 * function unlocks it.
 */
function lock(id: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const held = navigator.locks.request(`meanwhile.take.${id}`, { ifAvailable: true }, (granted) => {
      if (!granted) return resolve(undefined)
      return new Promise<void>((release) => resolve(release))
    })
    held.catch(() => resolve(undefined))
  })
}

function never(x: never): never {
  throw new Error(`unexpected ${JSON.stringify(x)}`)
}
