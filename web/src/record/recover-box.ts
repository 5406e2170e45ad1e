// The box on a page that shows recordings whose upload is not complete.

import { make, makeButton, setText } from '../ui/dom'
import { dateLocale, formatWhen } from '../ui/local-time'
import { formatPosition } from '../ui/time-code'
import type { Progress } from './chunk-uploader'
import { saveFiles } from './download'
import type { WorkerEvent } from './recording-worker'
import { offerWords, type RecoveryOffer } from './recovery-offer'
import type { TakeMeta, Where } from './track'
import { WorkerClient } from './worker-client'

export class RecoverBox {
  private readonly worker = new WorkerClient(
    (message) => this.hear(message),
    () => this.close(),
  )
  private readonly section = make('section', 'recover')
  private readonly rows = new Map<string, Row>()

  constructor(private readonly main: HTMLElement) {
    this.section.setAttribute('aria-label', 'Recordings that are not all up yet')
  }

  /** find asks for the takes that earlier pages of this person left behind. */
  find(userId: string): void {
    this.worker.send({ command: 'find', userId })
  }

  private hear(message: WorkerEvent): void {
    const row = this.rows.get(message.id)
    if (message.event === 'found') this.addRow(message.meta, message.progress)
    if (message.event === 'progress') row?.show(message.progress)
    if (message.event === 'discarded') row?.discard(message.where, message.progress)
    if (message.event === 'over') row?.end(message.how === 'cancelled')
    if (message.event === 'copy') saveFiles(row?.name ?? 'recording', message.files)
  }

  private addRow(meta: TakeMeta, progress: Progress): void {
    if (this.rows.has(meta.id)) return
    if (!this.section.isConnected) this.main.prepend(this.section)
    const row = new Row(meta, progress, (message) => this.worker.send(message))
    this.rows.set(meta.id, row)
    this.section.append(row.element)
  }

  /** The worker has failed. Its takes stay on the device for the next page. */
  private close(): void {
    this.section.remove()
  }
}

type Send = WorkerClient['send']

/** One recording: its state, and what can be done with it. */
class Row {
  readonly element = make('div', 'card found')
  private readonly words = make('p')
  private readonly acts = make('div', 'acts')
  private readonly status = make('p', 'sr')
  private offer: RecoveryOffer
  private shownAt = ''

  constructor(
    private readonly meta: TakeMeta,
    progress: Progress,
    private readonly send: Send,
  ) {
    this.offer =
      meta.discarded === 'undone'
        ? { at: 'finishing', progress }
        : { at: 'offered', stopped: meta.totals !== null, progress }
    this.status.setAttribute('role', 'status')
    this.words.tabIndex = -1
    this.element.append(this.words, this.acts, this.status)
    this.draw()
  }

  get name(): string {
    return (
      this.meta.title ||
      `Recording ${new Date(this.meta.startedAtMs).toISOString().slice(0, 16).replace('T', ' ').replace(':', '.')}`
    )
  }

  show(progress: Progress): void {
    if (this.offer.at === 'discarded') return
    const isFinishing = this.offer.at === 'finishing' || progress.sealed
    this.offer = isFinishing ? { at: 'finishing', progress } : { ...this.offer, progress }
    this.draw()
  }

  discard(where: Where, progress: Progress): void {
    const canUndo = this.offer.at !== 'discarded' || this.offer.canUndo
    this.offer = { at: 'discarded', progress, where, canUndo }
    this.draw()
  }

  end(isDiscarded: boolean): void {
    const { progress } = this.offer
    const where = this.offer.at === 'discarded' ? this.offer.where : 'device'
    this.offer = isDiscarded ? { at: 'discarded', progress, where, canUndo: false } : { at: 'ready', progress }
    this.draw()
  }

  private draw(): void {
    const { lead, rest } = offerWords(
      this.offer,
      formatWhen(new Date(this.meta.startedAtMs), new Date(), dateLocale()),
      formatPosition,
    )
    this.words.replaceChildren(make('strong', '', lead), ' ', make('span', 'num', rest))
    const phase = this.phase()
    if (phase === this.shownAt) return // the buttons stay, and so does the focus
    this.shownAt = phase
    setText(this.status, this.offer.at === 'discarded' ? `${lead} ${rest}` : lead)
    const hadFocus = this.acts.contains(document.activeElement)
    this.acts.replaceChildren(...this.buttons())
    if (hadFocus) (this.acts.querySelector<HTMLElement>('button, a') ?? this.words).focus()
  }

  private phase(): string {
    const { problem } = this.offer.progress
    if (this.offer.at === 'discarded') return `discarded ${this.offer.where} ${this.offer.canUndo}`
    return problem.at === 'stuck' ? `${this.offer.at} ${problem.why}` : this.offer.at
  }

  private buttons(): HTMLElement[] {
    const { id } = this.meta
    const download = makeButton('Download', 'btn', () => this.send({ command: 'copy', id }))
    const discard = makeButton('Discard…', 'btn quiet', () => this.turn('doubted'))
    switch (this.offer.at) {
      case 'offered':
        if (this.offer.progress.problem.at === 'stuck') return [this.anew(), download, discard]
        return this.offer.stopped
          ? [download, discard]
          : [makeButton('Finish it', 'btn primary', () => this.finish()), download, discard]
      case 'finishing':
        return this.offer.progress.problem.at === 'stuck' ? [this.anew(), download, discard] : [this.open('Open it')]
      case 'doubted':
        return [
          makeButton('Discard', 'btn danger', () => this.send({ command: 'cancel', id })),
          makeButton('Keep it', 'btn', () => this.turn('offered')),
        ]
      case 'ready':
        return [this.open('Open it')]
      case 'discarded':
        return this.offer.canUndo ? [makeButton('Undo', 'btn', () => this.undo())] : []
      default: {
        const unexpected: never = this.offer
        return unexpected
      }
    }
  }

  private finish(): void {
    this.offer = { at: 'finishing', progress: this.offer.progress }
    this.send({ command: 'finish', id: this.meta.id })
    this.draw()
  }

  private undo(): void {
    this.offer = { at: 'finishing', progress: this.offer.progress }
    this.send({ command: 'restore', id: this.meta.id })
    this.draw()
  }

  private anew(): HTMLElement {
    return makeButton('Send it as a new video', 'btn primary', () =>
      this.send({ command: 'retry', id: this.meta.id, anew: true }),
    )
  }

  private turn(at: 'doubted' | 'offered'): void {
    const { progress } = this.offer
    this.offer = at === 'doubted' ? { at, progress } : { at, stopped: this.meta.totals !== null, progress }
    this.draw()
  }

  private open(label: string): HTMLElement {
    const link = make('a', 'btn', label)
    link.href = this.offer.progress.watchUrl ?? '/'
    return link
  }
}
