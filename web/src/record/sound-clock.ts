// The place of sound blocks in a recording. Encoders only count samples, so gaps must be filled, or
// sound and picture drift apart.

/**
 * A block that is further than this from its place is moved there. A smaller distance is clock
 * jitter.
 */
const slackS = 0.1

/**
 * After this time without sound, silence replaces it: a muxer waits for both tracks, and pictures
 * must not wait for a sound that has stopped.
 */
const patienceS = 0.5

/** This much stays open, for sound that comes late. */
const restS = 0.25

/** SoundClock counts samples from the beginning of the recording. */
export class SoundClock {
  private next = 0
  private offsetUs: number | null = null

  constructor(private readonly rate: number) {}

  /** anew: the next block is unrelated to those before it. */
  reset(): void {
    this.offsetUs = null
  }

  /**
   * place returns where a block begins that ended at endUs of the recording; null if it belongs
   * before what is already there. A gap before the block must be silent.
   */
  place(timestampUs: number, samples: number, endUs: number): number | null {
    const lengthUs = (samples * 1e6) / this.rate
    this.offsetUs ??= endUs - lengthUs - timestampUs
    const due = Math.round(((timestampUs + this.offsetUs) * this.rate) / 1e6)
    const slack = slackS * this.rate
    if (due < this.next - slack || due < 0) return null
    const at = due > this.next + slack ? due : this.next
    this.next = at + samples
    return at
  }

  /** silence is the silence to insert at nowUs of the recording, if any. */
  silence(nowUs: number): { at: number; samples: number } | null {
    const missing = Math.floor((nowUs * this.rate) / 1e6) - this.next
    if (missing < patienceS * this.rate) return null
    const filled = { at: this.next, samples: missing - Math.floor(restS * this.rate) }
    this.next += filled.samples
    this.offsetUs = null
    return filled
  }
}
