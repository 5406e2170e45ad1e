/** Announcer holds what a polite live region says. The same sentence twice is heard twice. */
export class Announcer {
  sentence = $state('')
  private flip = false

  announce = (sentence: string): void => {
    this.flip = !this.flip
    this.sentence = this.flip ? sentence : `${sentence}\u00a0`
  }
}
