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
 * place returns the rows with the current state of a video: changed and moved to its place in the
 * order of the library, added, or removed. A row in `kept` was moved on this page and stays, so that
 * its undo stays too. end is the last row of the loaded pages; undefined when all are loaded.
 */
export function place(
  rows: readonly Video[],
  video: Video,
  view: View,
  end: Video | undefined,
  kept: ReadonlySet<string>,
): Video[] {
  const at = rows.findIndex((v) => v.id === video.id)
  if (at >= 0 && kept.has(video.id)) return rows.with(at, video)
  const others = at >= 0 ? rows.toSpliced(at, 1) : [...rows]
  const belongs = Boolean(video.deletedAt) === view.trash && (at >= 0 || matches(video.title, view.search))
  if (!belongs) return others
  const next = others.findIndex((v) => isBefore(video, v))
  if (next >= 0) return others.toSpliced(next, 0, video)
  return end && isBefore(end, video) ? others : [...others, video]
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

/** The order of the library: newest first. storage/sqlstore/video_table.go has the same. */
function isBefore(a: Video, b: Video): boolean {
  return a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.id > b.id)
}
