// The list as pure data: which videos belong in it, and where.
import type { Video } from '../api/videos'

export type View = { search: string; trash: boolean }

/** viewFrom reads the address: ?q= and ?view=trash. */
export function viewFrom(search: string): View {
  const params = new URLSearchParams(search)
  return { search: params.get('q')?.trim() ?? '', trash: params.get('view') === 'trash' }
}

/** addressOf returns the address of a view. */
export function addressOf(view: View): string {
  const params = new URLSearchParams()
  if (view.trash) params.set('view', 'trash')
  if (view.search) params.set('q', view.search)
  const query = params.toString()
  return query ? `/?${query}` : '/'
}

/**
 * place returns the rows with the current state of a video: changed in place, added in newest-first
 * order, or removed. A row in `kept` was moved on this page and stays, so that its undo stays too.
 * hasMore says that rows older than the last one are not loaded yet.
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

/** append adds a page after the rows, without those that a live change already brought. */
export function append(rows: readonly Video[], page: readonly Video[]): Video[] {
  const known = new Set(rows.map((v) => v.id))
  return [...rows, ...page.filter((v) => !known.has(v.id))]
}

/**
 * matches is about the server's rule, good enough for a new row: every word is in the title, in any
 * case.
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
