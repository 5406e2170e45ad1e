// Files at the object storage (docs/adr/0019): a browser that needs more bytes asks the same
// redirect address again, even if it has expired. Chromium does not report the refusal and retries
// for half a minute, while the picture stands still. So such a file is reloaded first.

export interface File {
  // how long a redirect address works; 0: all bytes come from the site
  lifeMs: number
  ageMs: number // since loading began
  buffered: TimeRanges
  fromS: number
  untilS: number
}

/** If this much is buffered, the browser keeps playing until something else happens. */
const ENOUGH_S = 0.1

/**
 * Reports whether playback from fromS to untilS needs bytes from an address that may have expired.
 */
export function mayHaveExpired({ lifeMs, ageMs, buffered, fromS, untilS }: File): boolean {
  // a cached address may have only half its life left
  if (lifeMs === 0 || ageMs < lifeMs / 2) return false
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= fromS + ENOUGH_S && untilS <= buffered.end(i) + ENOUGH_S) return false
  }
  return true
}
