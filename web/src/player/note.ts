// A sentence over the picture, for messages of the player.
import { make } from '../ui/dom'

export class Note {
  #shown: HTMLElement | undefined

  constructor(private readonly stage: HTMLElement) {}

  show(sentence: string, ...more: HTMLElement[]): void {
    const note = make('div', 'player-note', make('span', '', sentence), ...more)
    note.setAttribute('role', 'status')
    this.clear()
    this.#shown = note
    this.stage.append(note)
  }

  clear(): void {
    this.#shown?.remove()
    this.#shown = undefined
  }
}
