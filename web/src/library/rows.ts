// The list as pure data: which videos belong in it, and where.
import type { Video } from '../api/videos'

export type View = { search: string; trash: boolean }

/** viewFrom reads the address: ?q= and ?view=trash. */
export function viewFrom(search: string): View {
  const params = new URLSearchParams(search)
  return { search: params.get('q')?.trim() ?? '', trash: params.get('view') === 'trash' }
}

/** addressOf is the way back to a view. */
export function addressOf(view: View): string {
  const params = new URLSearchParams()
  if (view.trash) params.set('view', 'trash')
  if (view.search) params.set('q', view.search)
  const query = params.toString()
  return query ? `/?${query}` : '/'
}

/**
 * place answers the rows with a video as it is now: changed where it stands, added in newest-first
 * order, or taken out. A row in `kept` was moved from here and stays, so that its undo stays, too.
 * hasMore says that older rows than the last one are not loaded yet.
 */
export function place(
  rows: readonly Video[],
  video: Video,
  view: View,
  hasMore: boolean,
  kept: ReadonlySet<string>,
): Video[] {
  const at = rows.findIndex((v) => v.id === video.id)
  const belongs = Boolean(video.deletedAt) === view.trash
  if (at >= 0) return belongs || kept.has(video.id) ? rows.with(at, video) : rows.toSpliced(at, 1)
  if (!belongs || !matches(video.title, view.search)) return [...rows]
  const next = rows.findIndex((v) => isNewer(video, v))
  if (next >= 0) return rows.toSpliced(next, 0, video)
  return hasMore ? [...rows] : [...rows, video]
}

/** append adds a page behind the rows, without those that a live change brought already. */
export function append(rows: readonly Video[], page: readonly Video[]): Video[] {
  const known = new Set(rows.map((v) => v.id))
  return [...rows, ...page.filter((v) => !known.has(v.id))]
}

/**
 * matches is the server's rule, near enough for a row that has just appeared: every word is in the
 * title, in any case.
 */
export function matches(title: string, search: string): boolean {
  const folded = fold(title)
  return fold(search)
    .split(/\s+/)
    .every((word) => folded.includes(word))
}

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

function isNewer(a: Video, b: Video): boolean {
  return a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id)
}
