// The place on a page where recordings that are not all up yet are told of.

import { make, makeButton, setText } from '../ui/dom'
import { dateLocale, formatWhen } from '../ui/local-time'
import { formatPosition } from '../ui/time-code'
import { Clerk } from './clerk'
import type { Progress } from './courier'
import type { FromDesk } from './desk'
import { saveFiles } from './download'
import { type Offer, offerWords } from './offer'
import type { About } from './track'

export class RecoverBox {
  private readonly clerk = new Clerk(
    (message) => this.hear(message),
    () => this.close(),
  )
  private readonly section = make('section', 'recover')
  private readonly rows = new Map<string, Row>()

  constructor(private readonly main: HTMLElement) {
    this.section.setAttribute('aria-label', 'Recordings that are not all up yet')
  }

  /** find asks for what earlier pages of this person left behind. */
  find(userId: string): void {
    this.clerk.ask({ ask: 'find', userId })
  }

  private hear(message: FromDesk): void {
    const row = this.rows.get(message.id)
    if (message.say === 'found') this.offer(message.about, message.progress)
    if (message.say === 'progress') row?.show(message.progress)
    if (message.say === 'over') row?.end(message.how === 'cancelled')
    if (message.say === 'copy') saveFiles(row?.name ?? 'recording', message.files)
  }

  private offer(about: About, progress: Progress): void {
    if (this.rows.has(about.id)) return
    if (!this.section.isConnected) this.main.prepend(this.section)
    const row = new Row(about, progress, (message) => this.clerk.ask(message))
    this.rows.set(about.id, row)
    this.section.append(row.element)
  }

  /** The worker has failed: what it held stays on the device for the next page. */
  private close(): void {
    this.section.remove()
  }
}

type Ask = Clerk['ask']

/** One recording: what is known of it, and what can be done. */
class Row {
  readonly element = make('div', 'card found')
  private readonly words = make('p')
  private readonly acts = make('div', 'acts')
  private readonly status = make('p', 'sr')
  private offer: Offer
  private shownAt = ''

  constructor(
    private readonly about: About,
    progress: Progress,
    private readonly ask: Ask,
  ) {
    this.offer = { at: 'offered', stopped: about.tallies !== null, progress }
    this.status.setAttribute('role', 'status')
    this.element.append(this.words, this.acts, this.status)
    this.draw()
  }

  get name(): string {
    return (
      this.about.title ||
      `Recording ${new Date(this.about.startedAtMs).toISOString().slice(0, 16).replace('T', ' ').replace(':', '.')}`
    )
  }

  show(progress: Progress): void {
    if (this.offer.at === 'discarded') return
    const isFinishing = this.offer.at === 'finishing' || progress.sealed
    this.offer = isFinishing ? { at: 'finishing', progress } : { ...this.offer, progress }
    this.draw()
  }

  end(isDiscarded: boolean): void {
    this.offer = isDiscarded
      ? { at: 'discarded', progress: this.offer.progress }
      : { at: 'ready', progress: this.offer.progress }
    this.draw()
  }

  private draw(): void {
    const { lead, rest } = offerWords(
      this.offer,
      formatWhen(new Date(this.about.startedAtMs), new Date(), dateLocale()),
      formatPosition,
    )
    this.words.replaceChildren(make('strong', '', lead), ' ', make('span', 'num', rest))
    const stage = this.stage()
    if (stage === this.shownAt) return // the buttons stay, and with them the focus
    this.shownAt = stage
    setText(this.status, lead)
    const hadFocus = this.acts.contains(document.activeElement)
    this.acts.replaceChildren(...this.buttons())
    if (hadFocus) this.acts.querySelector<HTMLElement>('button, a')?.focus()
  }

  private stage(): string {
    const { trouble } = this.offer.progress
    return trouble.at === 'stuck' ? `${this.offer.at} ${trouble.why}` : this.offer.at
  }

  private buttons(): HTMLElement[] {
    const { id } = this.about
    const download = makeButton('Download', 'btn', () => this.ask({ ask: 'copy', id }))
    const discard = makeButton('Discard…', 'btn quiet', () => this.turn('doubted'))
    switch (this.offer.at) {
      case 'offered':
        if (this.offer.progress.trouble.at === 'stuck') return [this.anew(), download, discard]
        return this.offer.stopped
          ? [download, discard]
          : [makeButton('Finish it', 'btn primary', () => this.finish()), download, discard]
      case 'finishing':
        return this.offer.progress.trouble.at === 'stuck' ? [this.anew(), download, discard] : [this.open('Open it')]
      case 'doubted':
        return [
          makeButton('Discard for good', 'btn danger', () => this.ask({ ask: 'cancel', id })),
          makeButton('Keep it', 'btn', () => this.turn('offered')),
        ]
      case 'ready':
        return [this.open('Open it')]
      case 'discarded':
        return []
      default: {
        const unexpected: never = this.offer
        return unexpected
      }
    }
  }

  private finish(): void {
    this.offer = { at: 'finishing', progress: this.offer.progress }
    this.ask({ ask: 'finish', id: this.about.id })
    this.draw()
  }

  private anew(): HTMLElement {
    return makeButton('Send it as a new video', 'btn primary', () =>
      this.ask({ ask: 'retry', id: this.about.id, anew: true }),
    )
  }

  private turn(at: 'doubted' | 'offered'): void {
    const { progress } = this.offer
    this.offer = at === 'doubted' ? { at, progress } : { at, stopped: this.about.tallies !== null, progress }
    this.draw()
  }

  private open(label: string): HTMLElement {
    const link = make('a', 'btn', label)
    link.href = this.offer.progress.watchUrl ?? '/'
    return link
  }
}
