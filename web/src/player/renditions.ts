// Which file or stream to play: from what exists, what the screen needs, and what somebody chose.
import type { Source } from '../api/shared-video'
import { type Media, placeOf } from './sources'

/** One rung of the stream. */
export interface Rendition {
  url: string // of its own playlist
  width: number
  height: number
}

/** The window in device pixels: the size of the picture in full screen. */
export interface Screen {
  width: number
  height: number
}

export const AUTO = 'auto'

/** Sizes are named by the shorter side, as usual: 1080p. */
export function sizeName({ width, height }: { width: number; height: number }): string {
  return `${Math.min(width, height)}p`
}

/**
 * The smallest file that fills the screen without upscaling, or the largest if none does. sources:
 * largest first.
 */
export function fileFor(sources: readonly Source[], screen: Screen): Source | undefined {
  return sources.findLast(({ width, height }) => width >= screen.width || height >= screen.height) ?? sources[0]
}

/** The menu's entries beside Auto, largest first; none if there is no choice. */
export function qualities(media: Media, renditions: readonly Rendition[]): string[] {
  const sizes = [...media.sources, ...renditions].filter(({ width, height }) => width > 0 && height > 0)
  const names = new Set(sizes.sort((a, b) => Math.min(b.width, b.height) - Math.min(a.width, a.height)).map(sizeName))
  return names.size > 1 ? [...names] : []
}

export type Plan =
  /** In this order: the browser plays the first one it can. */
  { at: 'files'; sources: Source[] } | { at: 'stream'; url: string }

/**
 * Chooses what to play. selectedQuality is AUTO or a name of qualities. preferStream: the
 * connection is too slow for the file.
 */
export function choosePlan(
  media: Media,
  renditions: readonly Rendition[],
  selectedQuality: string,
  preferStream: boolean,
  screen: Screen,
): Plan {
  const selectedFile = media.sources.find((source) => sizeName(source) === selectedQuality)
  const rendition = renditions.find((candidate) => sizeName(candidate) === selectedQuality)
  if (!selectedFile && rendition) return { at: 'stream', url: rendition.url }
  // A recording that is still being made has no file yet: its stream plays.
  if (!selectedFile && (preferStream || media.sources.length === 0) && media.hls !== undefined)
    return { at: 'stream', url: media.hls }
  const first = selectedFile ?? fileFor(media.sources, screen)
  return { at: 'files', sources: first ? [first, ...media.sources.filter((source) => source !== first)] : [] }
}

/** The same file or stream, whatever its grant. */
export function samePlan(a: Plan, b: Plan): boolean {
  const [one, other] = [a, b].map((plan) => placeOf(plan.at === 'files' ? (plan.sources[0]?.url ?? '') : plan.url))
  return a.at === b.at && one === other
}

/**
 * Reads the list of rungs (RFC 8216, 4.3.4.2). base is the list's own address. Entries without a
 * size are left out.
 */
export function parseRenditions(playlist: string, base: string): Rendition[] {
  const lines = playlist.split(/\r?\n/)
  const renditions: Rendition[] = []
  for (const [index, line] of lines.entries()) {
    const size = line.startsWith('#EXT-X-STREAM-INF:') ? /[:,]RESOLUTION=(\d+)x(\d+)/.exec(line) : undefined
    const address = lines[index + 1]?.trim() ?? ''
    if (!size || address === '' || address.startsWith('#')) continue
    const { pathname, search } = new URL(address, new URL(base, 'http://host.invalid'))
    renditions.push({ url: pathname + search, width: Number(size[1]), height: Number(size[2]) })
  }
  return renditions
}
