// Which file or stream to play: from what there is, what the screen needs, and what somebody chose.
import type { Source } from '../api/shared-video'
import { placeOf } from './sources'

/**
 * What can be played: whole files, the largest first, and where there is one, the list of a
 * stream's rungs.
 */
export interface Media {
  sources: readonly Source[]
  hls: string | undefined
}

/** One rung of the stream. */
export interface Rendition {
  url: string // of its own playlist
  width: number
  height: number
}

/** The window in device pixels: full screen, the picture is as large as this. */
export interface Screen {
  width: number
  height: number
}

export const AUTO = 'auto'

/** Sizes go by the shorter side, as everybody says them: 1080p. */
export function sizeName({ width, height }: { width: number; height: number }): string {
  return `${Math.min(width, height)}p`
}

/**
 * The smallest file that fills the screen without being enlarged; the largest if none does.
 * sources: the largest first.
 */
export function fileFor(sources: readonly Source[], screen: Screen): Source | undefined {
  return sources.findLast(({ width, height }) => width >= screen.width || height >= screen.height) ?? sources[0]
}

/** What the menu offers beside Auto, the largest first; nothing where there is no choice. */
export function qualities(media: Media, renditions: readonly Rendition[]): string[] {
  const sizes = [...media.sources, ...renditions].filter(({ width, height }) => width > 0 && height > 0)
  const names = new Set(sizes.sort((a, b) => Math.min(b.width, b.height) - Math.min(a.width, a.height)).map(sizeName))
  return names.size > 1 ? [...names] : []
}

export type Plan =
  /** In this order: the first that the browser can play. */
  { at: 'files'; sources: Source[] } | { at: 'stream'; url: string }

/** What to play. wish is AUTO or a name of qualities; down: the link did not carry the file. */
export function planFor(
  media: Media,
  renditions: readonly Rendition[],
  selectedQuality: string,
  down: boolean,
  screen: Screen,
): Plan {
  const selectedFile = media.sources.find((source) => sizeName(source) === selectedQuality)
  const rendition = renditions.find((candidate) => sizeName(candidate) === selectedQuality)
  if (!selectedFile && rendition) return { at: 'stream', url: rendition.url }
  // A recording that is still being made has no file yet: it is played as it lies.
  if (!selectedFile && (down || media.sources.length === 0) && media.hls !== undefined)
    return { at: 'stream', url: media.hls }
  const first = selectedFile ?? fileFor(media.sources, screen)
  return { at: 'files', sources: first ? [first, ...media.sources.filter((source) => source !== first)] : [] }
}

/** The same file or stream, whoever was let in to it. */
export function samePlan(a: Plan, b: Plan): boolean {
  const [one, other] = [a, b].map((plan) => placeOf(plan.at === 'files' ? (plan.sources[0]?.url ?? '') : plan.url))
  return a.at === b.at && one === other
}

/**
 * Reads the list of rungs (RFC 8216, 4.3.4.2); base is its own address. What has no size is left
 * out.
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
