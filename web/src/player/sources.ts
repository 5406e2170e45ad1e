// Which media file an address means, whoever was let in to it.
import type { Source } from '../api/shares'

/** "/m/{grant}/g3/main.mp4#t=5" → "g3/main.mp4": the grant changes by the hour, the file behind it does not. */
export function placeOf(url: string): string {
  const path = new URL(url, 'http://host.invalid').pathname
  const match = /^\/m\/[^/]+\/(.+)$/.exec(path)
  return match?.[1] ?? path
}

/** Reports whether two offers are the same files in the same order. */
export function samePlaces(a: readonly Source[], b: readonly Source[]): boolean {
  return a.length === b.length && a.every((source, index) => placeOf(source.url) === placeOf(b[index]?.url ?? ''))
}

/** Reports whether two offers are the same addresses. */
export function sameUrls(a: readonly Source[], b: readonly Source[]): boolean {
  return a.length === b.length && a.every((source, index) => source.url === b[index]?.url)
}
