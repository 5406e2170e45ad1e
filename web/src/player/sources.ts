// Which media file an address means, whatever its grant.
import type { Source } from '../api/shared-video'

/**
 * What can be played: whole files, largest first, and if there is one, the list of a stream's
 * rungs.
 */
export interface Media {
  sources: readonly Source[]
  hls: string | undefined
}

/**
 * "/m/{grant}/g3/main.mp4#t=5" → "g3/main.mp4": the grant changes every hour, the file does not.
 */
export function placeOf(url: string): string {
  const path = new URL(url, 'http://host.invalid').pathname
  const match = /^\/m\/[^/]+\/(.+)$/.exec(path)
  return match?.[1] ?? path
}

/** Reports whether two offers are the same files in the same order. */
export function samePlaces(a: readonly Source[], b: readonly Source[]): boolean {
  return a.length === b.length && a.every((source, index) => placeOf(source.url) === placeOf(b[index]?.url ?? ''))
}

/** A recording from which nothing was made yet: it has one size. */
export function liesAsRecorded(url: string): boolean {
  return placeOf(url).startsWith('g0/')
}

/**
 * Reports whether after are copies of a raw recording in before: the same pictures, so a change
 * gains nothing.
 */
export function areCopies(before: readonly Source[], after: readonly Source[]): boolean {
  const same = (source: Source, index: number) =>
    liesAsRecorded(source.url) && source.width === after[index]?.width && source.height === after[index]?.height
  return before.length > 0 && before.length === after.length && before.every(same)
}

/**
 * url with the grant of another address; unchanged if either has none. Relative addresses inherit
 * it.
 */
export function withGrantOf(url: string, from: string): string {
  const grant = /\/m\/[^/]+\//.exec(from)?.[0]
  return grant === undefined ? url : url.replace(/\/m\/[^/]+\//, grant)
}

/** Reports whether two offers are the same addresses. */
export function sameUrls(a: Media, b: Media): boolean {
  const [one, other] = [a, b].map(({ sources, hls }) => [...sources.map((source) => source.url), hls ?? ''].join('\n'))
  return one === other
}
