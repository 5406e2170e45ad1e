// When frames of one source after another are shown, and when one has to be shown again.

/**
 * A recorder makes a key frame only of a frame that comes: with a still picture, this is by how
 * much it is late.
 */
export const repeatAfterMs = 200

/** A quarter of the time of a frame at 60 a second. */
const leastGapMs = 4

/** FrameClock gives times that only grow, whatever the clocks of the sources say. */
export class FrameClock {
  private offsetUs: number | null = null
  private lastUs = -1
  private lastMs = Number.NEGATIVE_INFINITY

  /** newSource: the next frame is the first of another source. */
  newSource(): void {
    this.offsetUs = null
  }

  /** leaveOut: so much time has passed that is in no recording. */
  leaveOut(ms: number): void {
    this.offsetUs = null
    this.lastMs += ms
  }

  /** stamp is the time of a frame that arrives at nowMs with its source's own timestamp. */
  stamp(timestampUs: number, nowMs: number): number {
    const sinceUs = Number.isFinite(this.lastMs) ? (nowMs - this.lastMs) * 1000 : 0
    this.offsetUs ??= Math.max(0, this.lastUs) + sinceUs - timestampUs
    const ownUs = timestampUs + this.offsetUs
    // A clock that went back, or one that a repeated frame has overtaken: the time that has passed
    // here counts.
    const us = ownUs > this.lastUs ? ownUs : this.lastUs + Math.max(1000, sinceUs)
    return this.at(us, nowMs)
  }

  /**
   * repeat is the time of the last frame when it is given again: its own timestamp says nothing any
   * more.
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
   * isCrowded: a frame came so soon after the last that they would have the same time in a file. A
   * starved machine hands over several at once.
   */
  isCrowded(nowMs: number): boolean {
    return nowMs - this.lastMs < leastGapMs
  }

  /** isDue: nothing came for so long that the last frame is to be given again. */
  isDue(nowMs: number): boolean {
    return nowMs - this.lastMs >= repeatAfterMs
  }
}
