/** Announcer holds the text of a polite live region. The same sentence twice is read twice. */
export class Announcer {
  sentence = $state('')
  private flip = false

  announce = (sentence: string): void => {
    this.flip = !this.flip
    this.sentence = this.flip ? sentence : `${sentence}\u00a0`
  }
}
