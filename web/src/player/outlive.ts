// Files at the object storage (docs/adr/0019): a browser that needs more of one asks again at the
// address to which it was sent, also when that has ended. Chromium keeps the refusal to itself and
// asks on for half a minute, while the picture stands. So such a file is loaded anew first.

export interface File {
  // how long an address opens to which a browser is sent; 0: all bytes come from the site
  lifeMs: number
  ageMs: number // since the file began to load
  buffered: TimeRanges
  fromS: number
  untilS: number
}

/** Bytes that are at hand for so long keep the browser busy until something else happens. */
const ENOUGH_S = 0.1

/** Reports whether the way from fromS to untilS needs bytes from an address that may have ended. */
export function outlives({ lifeMs, ageMs, buffered, fromS, untilS }: File): boolean {
  // a cache may give an address that has half its life before it
  if (lifeMs === 0 || ageMs < lifeMs / 2) return false
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= fromS + ENOUGH_S && untilS <= buffered.end(i) + ENOUGH_S) return false
  }
  return true
}
