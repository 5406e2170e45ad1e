// The list of videos: loads, pages, changes, and stays up to date while the server works.
import { follow } from '../api/events'
import { changeVideo, deleteForever, reprocessVideo, restoreVideo, trashVideo, type VideoChange } from '../api/owner'
import { problemOf, wasCancelled } from '../api/request'
import { getVideo, isSignedIn, isSignedOut, listVideos, type Page, type Video } from '../api/videos'
import { newsOf } from './messages'
import { append, place, type View } from './rows'

const pageSize = 50
const mostPerRequest = 200
const gatherMs = 250
const lostAfterMs = 5000

export type Status = { at: 'loading' } | { at: 'shown' } | { at: 'failed'; sentence: string }

/** What a row says after it was moved on this page. */
export type Moved = 'trashed' | 'restored'

export class VideoList {
  status: Status = $state.raw({ at: 'loading' })
  videos: Video[] = $state.raw([])
  view: View = $state.raw({ search: '', trash: false })
  nextCursor: string | undefined = $state()
  more: Status = $state.raw({ at: 'shown' })
  /** Shown while another view loads. */
  busy = $state(false)
  moved: ReadonlyMap<string, Moved> = $state.raw(new Map())
  /** While the server cannot be reached: when the shown list was last up to date. Else null. */
  staleSince: Date | null = $state.raw(null)
  signedOut = $state(false)

  /** The last row of the pages that are loaded, as it was then. Undefined when all are loaded. */
  private end: Video | undefined
  private freshAt = new Date()
  private loading = new AbortController()
  private readonly held = new Set<string>()
  private readonly waiting = new Map<string, (() => void)[]>()
  private gathering: ReturnType<typeof setTimeout> | undefined
  /** Follows the server's events, also again after the session has ended. */
  private hear = (): void => {}

  constructor(
    private readonly announce: (sentence: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  /** show loads a view. The old rows stay until the new ones have come, so that nothing jumps. */
  async show(view: View): Promise<void> {
    this.loading.abort()
    this.loading = new AbortController()
    const { signal } = this.loading
    this.view = view
    this.busy = true
    if (this.status.at === 'failed') this.status = { at: 'loading' }
    try {
      const page = await listVideos({ ...view, cursor: undefined, limit: pageSize }, signal)
      this.take(page)
      if (view.search)
        this.announce(
          page.videos.length === 0
            ? 'Nothing found.'
            : `${page.videos.length}${page.nextCursor ? ' or more' : ''} found.`,
        )
    } catch (error) {
      if (wasCancelled(error)) return
      this.signedOut = isSignedOut(error)
      this.status = { at: 'failed', sentence: problemOf(error).sentence }
    }
    this.busy = false
  }

  /** showMore appends the next page. */
  async showMore(): Promise<void> {
    if (!this.nextCursor || this.more.at === 'loading') return
    this.more = { at: 'loading' }
    try {
      const page = await listVideos({ ...this.view, cursor: this.nextCursor, limit: pageSize }, this.loading.signal)
      this.videos = append(this.videos, page.videos)
      this.endAt(page)
      this.more = { at: 'shown' }
    } catch (error) {
      if (wasCancelled(error)) this.more = { at: 'shown' }
      else this.more = { at: 'failed', sentence: problemOf(error).sentence }
    }
  }

  /**
   * reload fetches one video again soon, together with others that changed at the same moment. It
   * resolves when the list shows it.
   */
  reload = (id: string): Promise<void> =>
    new Promise((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve])
      this.gathering ??= setTimeout(() => void this.lookAtAll(), gatherMs)
    })

  /**
   * follow keeps the list up to date with the server's events, until the signal of this list fires.
   */
  follow(): void {
    let lost: ReturnType<typeof setTimeout> | undefined
    let opened = false
    let isHeard = false
    const onState = (state: 'open' | 'lost'): void => {
      if (state === 'lost') {
        lost ??= setTimeout(() => void this.confirmLost(), lostAfterMs)
        return
      }
      clearTimeout(lost)
      lost = undefined
      if (opened || this.staleSince) void this.catchUp()
      opened = true
    }
    this.hear = () => {
      if (isHeard) return
      isHeard = true
      follow('me', { onEvent, onState, onGone }, this.signal)
    }
    const onGone = async (): Promise<void> => {
      isHeard = false
      await this.confirmLost()
      if (!this.signedOut) this.hear() // somebody has signed in again
    }
    const onEvent = (_: string, data: unknown): void => {
      if (typeof data === 'object' && data !== null && 'id' in data && typeof data.id === 'string')
        void this.reload(data.id)
    }
    this.hear()
    addEventListener('offline', () => this.stale(), { signal: this.signal })
    addEventListener('online', () => void this.catchUp(), { signal: this.signal })
    addEventListener('focus', () => this.signedOut && void this.catchUp(), { signal: this.signal })
    if (!navigator.onLine) this.stale()
  }

  /** change writes what the owner chose, and announces what done says of the changed video. */
  async change(video: Video, change: VideoChange, done: (video: Video) => string): Promise<void> {
    await changeVideo(video.id, change, this.signal)
    await this.refresh(video.id)
    this.announce(done(this.find(video.id) ?? { ...video, ...change }))
  }

  async trash(video: Video): Promise<void> {
    await this.move(video, this.view.trash ? undefined : 'trashed', () => trashVideo(video.id, this.signal))
    this.announce(`${video.title}: moved to the trash.`)
  }

  async restore(video: Video): Promise<void> {
    await this.move(video, this.view.trash ? 'restored' : undefined, () => restoreVideo(video.id, this.signal))
    this.announce(`${video.title}: restored.`)
  }

  /**
   * forget deletes a video in the trash for good. If somebody has done so already, that is fine.
   */
  async forget(video: Video): Promise<void> {
    try {
      await deleteForever(video.id, this.signal)
    } catch (error) {
      if (problemOf(error).at !== 'gone') throw error
    }
    this.videos = this.videos.filter((v) => v.id !== video.id)
    this.announce(`${video.title}: deleted for good.`)
  }

  async reprocess(video: Video): Promise<void> {
    await reprocessVideo(video.id, this.signal)
    await this.refresh(video.id)
    this.announce(`${video.title}: trying again.`)
  }

  private take(page: Page): void {
    this.videos = page.videos
    this.endAt(page)
    this.more = { at: 'shown' }
    this.moved = new Map()
    this.status = { at: 'shown' }
    this.fresh()
  }

  /** catchUp reads as many rows as are shown again, because events may have been missed. */
  private async catchUp(): Promise<void> {
    if (this.status.at !== 'shown') return this.show(this.view)
    const { signal } = this.loading
    try {
      const limit = Math.min(mostPerRequest, Math.max(pageSize, this.videos.length))
      const page = await listVideos({ ...this.view, cursor: undefined, limit }, signal)
      if (signal.aborted) return
      const kept = this.videos.filter((v) => this.moved.has(v.id) && !page.videos.some((p) => p.id === v.id))
      const rows = kept.reduce(
        (list, v) => place(list, { ...v, deletedAt: undefined }, { ...this.view, trash: false }, undefined, new Set()),
        page.videos,
      )
      this.videos = rows
      this.endAt(page)
      this.fresh()
    } catch (error) {
      if (wasCancelled(error)) return
      if (isSignedOut(error)) this.signedOut = true
      else this.stale()
    }
  }

  private async lookAtAll(): Promise<void> {
    this.gathering = undefined
    const asked = new Map(this.waiting)
    this.waiting.clear()
    for (const [id, resolve] of asked) {
      await this.refresh(id)
      for (const done of resolve) done()
    }
  }

  private async refresh(id: string): Promise<void> {
    try {
      const video = await getVideo(id, this.signal)
      const news = newsOf(this.find(id), video)
      const kept = new Set([...this.moved.keys(), ...this.held])
      this.videos = place(this.videos, video, this.view, this.end, kept)
      if (news) this.announce(news)
    } catch (error) {
      if (problemOf(error).at === 'gone') this.videos = this.videos.filter((v) => v.id !== id)
      if (isSignedOut(error)) this.signedOut = true
      // Otherwise the row stays as it was. When the stream opens again, the row is read again.
    }
  }

  private async confirmLost(): Promise<void> {
    try {
      if (await isSignedIn(this.signal)) return
      this.signedOut = true
    } catch (error) {
      if (!wasCancelled(error)) this.stale()
    }
  }

  /** move keeps the row in place: the event of the change may arrive before the response. */
  private async move(video: Video, moved: Moved | undefined, work: () => Promise<void>): Promise<void> {
    this.held.add(video.id)
    try {
      await work()
      this.mark(video.id, moved)
      await this.refresh(video.id)
    } finally {
      this.held.delete(video.id)
    }
  }

  private endAt({ videos, nextCursor }: Page): void {
    this.nextCursor = nextCursor
    this.end = nextCursor === undefined ? undefined : videos.at(-1)
  }

  private mark(id: string, moved: Moved | undefined): void {
    const next = new Map(this.moved)
    if (moved) next.set(id, moved)
    else next.delete(id)
    this.moved = next
  }

  private find(id: string): Video | undefined {
    return this.videos.find((v) => v.id === id)
  }

  private fresh(): void {
    this.freshAt = new Date()
    this.staleSince = null
    this.signedOut = false
    this.hear()
  }

  private stale(): void {
    this.staleSince ??= this.freshAt
  }
}
