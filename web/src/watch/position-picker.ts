// "At 1:12": the position of a new comment. It follows the player until it is fixed by the first
// word, or by hand.
import { make, makeButton, setText } from '../ui/dom'
import { formatPosition, parsePosition } from '../ui/time-code'

export interface PickerOptions {
  currentMs(): number
  durationMs(): number // 0 while unknown
  onChange(): void // by hand
}

export class PositionPicker {
  readonly element: HTMLElement
  readonly #options: PickerOptions
  readonly #chip: HTMLButtonElement
  readonly #panel: HTMLElement
  readonly #field: HTMLInputElement
  readonly #current: HTMLButtonElement
  #fixedMs: number | undefined

  constructor(options: PickerOptions, beside: HTMLElement, fixedMs: number | undefined) {
    this.#options = options
    this.#fixedMs = fixedMs
    this.#chip = makeButton('', 'at', () => this.#toggle(this.#panel.hidden))
    this.#chip.setAttribute('aria-expanded', 'false')
    this.#field = make('input', 'field num')
    this.#field.setAttribute('aria-label', 'Position in the video, for example 1:12')
    this.#field.autocomplete = 'off'
    this.#field.addEventListener('input', () => this.#onTyped())
    this.#field.addEventListener('blur', () => this.refresh())
    this.#field.addEventListener('keydown', (event) => this.#onKey(event))
    const earlier = makeButton('−', 'btn icon', () => this.#fixByHand(this.ms - 1000))
    earlier.setAttribute('aria-label', 'One second earlier')
    const later = makeButton('+', 'btn icon', () => this.#fixByHand(this.ms + 1000))
    later.setAttribute('aria-label', 'One second later')
    this.#current = makeButton('', 'btn quiet num', () => this.#fixByHand(this.#options.currentMs()))
    this.#panel = make('div', 'picker', earlier, this.#field, later, this.#current)
    this.#panel.hidden = true
    this.element = make('div', 'place extra', make('div', 'row', this.#chip, beside), this.#panel)
    this.refresh()
  }

  get ms(): number {
    return this.#fixedMs ?? this.#options.currentMs()
  }

  /** Undefined while it follows the player. */
  get fixedMs(): number | undefined {
    return this.#fixedMs
  }

  /** Fixes the current position, unless one is fixed already. */
  fix(): void {
    this.#fixedMs ??= this.#options.currentMs()
    this.refresh()
  }

  /** Fixes the current position, even if another one was fixed. */
  fixNow(): void {
    this.#fixedMs = this.#options.currentMs()
    this.refresh()
  }

  follow(): void {
    this.#fixedMs = undefined
    this.#toggle(false)
    this.refresh()
  }

  /** Shows the position. Called when the player moves. */
  refresh(): void {
    const text = formatPosition(this.ms)
    setText(this.#chip, `At ${text}`)
    if (this.#panel.hidden) return
    this.#chip.setAttribute('aria-label', `At ${text}, done`)
    setText(this.#current, `Use ${formatPosition(this.#options.currentMs())}`)
    if (document.activeElement !== this.#field) this.#field.value = text
  }

  #toggle(open: boolean): void {
    this.#panel.hidden = !open
    this.#chip.setAttribute('aria-expanded', String(open))
    this.#chip.removeAttribute('aria-label')
    this.refresh()
    if (open) this.#field.select()
  }

  #fixByHand(ms: number): void {
    const end = this.#options.durationMs()
    this.#fixedMs = Math.max(0, end > 0 ? Math.min(ms, end) : ms)
    this.#field.removeAttribute('aria-invalid')
    this.refresh()
    this.#options.onChange()
  }

  #onTyped(): void {
    const ms = parsePosition(this.#field.value)
    if (ms === undefined) this.#field.setAttribute('aria-invalid', 'true')
    else this.#fixByHand(ms)
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault()
      this.#fixByHand(this.ms + (event.key === 'ArrowUp' ? 1000 : -1000))
      this.#field.value = formatPosition(this.ms)
    }
    if ((event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      this.#toggle(false)
      this.#chip.focus()
    }
  }
}
