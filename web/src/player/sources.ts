// Which media file an address means, whoever was let in to it.
import type { Source } from '../api/shared-video'
import type { Media } from './renditions'

/**
 * "/m/{grant}/g3/main.mp4#t=5" → "g3/main.mp4": the grant changes by the hour, the file behind it
 * does not.
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

/** A recording of which nothing was made yet: it has one size. */
export function liesAsRecorded(url: string): boolean {
  return placeOf(url).startsWith('g0/')
}

/**
 * Reports whether after are copies of a recording that lies as before: the same pictures, so that
 * nothing is won by a change.
 */
export function areCopies(before: readonly Source[], after: readonly Source[]): boolean {
  const same = (source: Source, index: number) =>
    liesAsRecorded(source.url) && source.width === after[index]?.width && source.height === after[index]?.height
  return before.length > 0 && before.length === after.length && before.every(same)
}

/**
 * url under the grant of another address; as it is where either has none. Relative addresses
 * inherit it.
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
