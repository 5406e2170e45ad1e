// Notices that a recorder has gone quiet.

export const sliceMs = 2000
const silentSlices = 3

/** Watchdog is fed with every chunk; pauses are no silence. */
export class Watchdog {
  private readonly heard = new Map<string, number>()

  feed(track: string, nowMs: number): void {
    this.heard.set(track, nowMs)
  }

  /** silent lists the tracks of which three slices did not come. */
  silent(nowMs: number): string[] {
    return [...this.heard].filter(([, at]) => nowMs - at > (silentSlices + 1) * sliceMs).map(([track]) => track)
  }

  /** forget ends the watch over a track, or over all. */
  forget(track?: string): void {
    if (track === undefined) this.heard.clear()
    else this.heard.delete(track)
  }
}
