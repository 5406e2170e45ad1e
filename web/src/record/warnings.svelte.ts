/** The subject of a warning. There is one warning for each, shown as long as it is true. */
export type Cause = 'microphone' | 'camera' | 'silence' | 'quiet' | 'disk' | 'worker' | 'asleep'

export class Warnings {
  all: ReadonlyMap<Cause, string> = $state.raw(new Map())

  constructor(private readonly announce: (sentence: string) => void) {}

  show(cause: Cause, sentence: string): void {
    if (this.all.get(cause) === sentence) return
    this.all = new Map(this.all).set(cause, sentence)
    this.announce(sentence)
  }

  hide(cause: Cause): void {
    if (!this.all.has(cause)) return
    const rest = new Map(this.all)
    rest.delete(cause)
    this.all = rest
  }

  clear(): void {
    this.all = new Map()
  }
}
