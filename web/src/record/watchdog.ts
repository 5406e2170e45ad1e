// Notices when a recorder goes quiet.

export const sliceMs = 2000
const silentSlices = 3

/** Watchdog gets every chunk. A pause is not silence. */
export class Watchdog {
  private readonly heard = new Map<string, number>()

  feed(track: string, nowMs: number): void {
    this.heard.set(track, nowMs)
  }

  /** silent lists the tracks that missed three slices. */
  silent(nowMs: number): string[] {
    return [...this.heard].filter(([, at]) => nowMs - at > (silentSlices + 1) * sliceMs).map(([track]) => track)
  }

  /** forget stops watching a track, or all of them. */
  forget(track?: string): void {
    if (track === undefined) this.heard.clear()
    else this.heard.delete(track)
  }
}
