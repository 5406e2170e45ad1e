// Comment markers on the seek bar: one for each comment, or one for several that would overlap.

export interface Mark {
  id: string
  atMs: number
  initial: string
  label: string
}

export interface Cluster {
  atMs: number // of the first: a click goes there
  left: number // 0…1 of the bar
  text: string // the initial, or the number of comments
  label: string
  ids: string[]
}

/**
 * Groups marks that are closer than gapPx to the group's first one, on a bar of widthPx. Marks need
 * no order.
 */
export function clusterMarks(marks: readonly Mark[], durationMs: number, widthPx: number, gapPx: number): Cluster[] {
  if (durationMs <= 0 || widthPx <= 0) return []
  const gapMs = (gapPx / widthPx) * durationMs
  const clusters: { marks: Mark[]; startMs: number }[] = []
  for (const mark of [...marks].sort((a, b) => a.atMs - b.atMs)) {
    const last = clusters.at(-1)
    if (last && mark.atMs - last.startMs < gapMs) last.marks.push(mark)
    else clusters.push({ marks: [mark], startMs: mark.atMs })
  }
  return clusters.map(({ marks: members, startMs }) => {
    const [first] = members
    const one = members.length === 1 && first !== undefined
    return {
      atMs: startMs,
      left: Math.min(1, startMs / durationMs),
      text: one ? first.initial : members.length > 99 ? '99+' : String(members.length),
      label: one ? first.label : `${members.length} comments`,
      ids: members.map((mark) => mark.id),
    }
  })
}
