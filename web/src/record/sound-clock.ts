// Where blocks of sound belong in a recording. Encoders only count samples, so that what is missing
// has to be filled, or the sound runs away from the picture.

/**
 * A block that is further than this from where it belongs is put there; what is nearer is the
 * jitter of clocks.
 */
const slackS = 0.1

/**
 * Nothing came for so long that silence stands in: a muxer waits for both tracks, and pictures must
 * not wait for a sound that has stopped.
 */
const patienceS = 0.5

/** So much of it is left open, for sound that is late. */
const restS = 0.25

/** SoundClock counts in samples from the beginning of the recording. */
export class SoundClock {
  private next = 0
  private offsetUs: number | null = null

  constructor(private readonly rate: number) {}

  /** anew: the next block says nothing about those before it. */
  anew(): void {
    this.offsetUs = null
  }

  /**
   * place is where a block begins that ended at endUs of the recording; null where it belongs in
   * front of what is there. What lies between it and the one before is to be silent.
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

  /** silence is what has to stand in at nowUs of the recording, if anything. */
  silence(nowUs: number): { at: number; samples: number } | null {
    const missing = Math.floor((nowUs * this.rate) / 1e6) - this.next
    if (missing < patienceS * this.rate) return null
    const filled = { at: this.next, samples: missing - Math.floor(restS * this.rate) }
    this.next += filled.samples
    this.offsetUs = null
    return filled
  }
}
