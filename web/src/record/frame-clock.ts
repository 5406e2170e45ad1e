// The times at which frames of changing sources are shown, and when a frame must be repeated.

/**
 * A recorder makes a key frame only from an incoming frame. With a still picture, a key frame is
 * late by up to this time.
 */
export const repeatAfterMs = 200

/** A quarter of a frame's time at 60 a second. */
const leastGapMs = 4

/** FrameClock returns times that only grow, whatever the sources' clocks say. */
export class FrameClock {
  private offsetUs: number | null = null
  private lastUs = -1
  private lastMs = Number.NEGATIVE_INFINITY

  /** newSource: the next frame is the first one of another source. */
  newSource(): void {
    this.offsetUs = null
  }

  /** leaveOut: this time has passed but is not in the recording. */
  leaveOut(ms: number): void {
    this.offsetUs = null
    this.lastMs += ms
  }

  /** stamp is the time of a frame that arrives at nowMs with its source's own timestamp. */
  stamp(timestampUs: number, nowMs: number): number {
    const sinceUs = Number.isFinite(this.lastMs) ? (nowMs - this.lastMs) * 1000 : 0
    this.offsetUs ??= Math.max(0, this.lastUs) + sinceUs - timestampUs
    const ownUs = timestampUs + this.offsetUs
    // If the source's clock went back, or a repeated frame is already later, our own elapsed time
    // counts.
    const us = ownUs > this.lastUs ? ownUs : this.lastUs + Math.max(1000, sinceUs)
    return this.at(us, nowMs)
  }

  /**
   * repeat is the time of the last frame when it is sent again. Its own timestamp no longer means
   * anything.
   */
  repeat(nowMs: number): number {
    return this.at(this.lastUs + Math.max(1, nowMs - this.lastMs) * 1000, nowMs)
  }

  private at(us: number, nowMs: number): number {
    this.lastUs = us
    this.lastMs = nowMs
    return Math.round(us)
  }

  /**
   * isCrowded: a frame came so soon after the last that both would have the same time in a file. An
   * overloaded machine delivers several at once.
   */
  isCrowded(nowMs: number): boolean {
    return nowMs - this.lastMs < leastGapMs
  }

  /** isDue: no frame came for so long that the last one must be repeated. */
  isDue(nowMs: number): boolean {
    return nowMs - this.lastMs >= repeatAfterMs
  }
}
