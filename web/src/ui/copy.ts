// Copies text, and says in place that it worked.
import { make } from './dom'

const SHOWN_MS = 2_000

/** Puts text on the clipboard. False if the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // navigator.clipboard is missing on plain http, which a team may use at home
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const field = make('textarea', 'sr')
  field.value = text
  document.body.append(field)
  const focused = document.activeElement
  field.select()
  let done = false
  try {
    done = document.execCommand('copy')
  } catch {
    done = false
  }
  field.remove()
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  return done
}

/**
 * Copies and says so on the button for a moment. If copying is refused, shows the address in note
 * to copy by hand.
 */
export async function copyFrom(button: HTMLButtonElement, text: string, note: HTMLElement): Promise<void> {
  const done = await copyText(text)
  if (!done) {
    const field = make('input', 'field')
    field.readOnly = true
    field.value = text
    field.setAttribute('aria-label', 'Text to copy')
    note.replaceChildren(make('p', 'small', 'This browser does not let the page copy. Copy it from here:'), field)
    field.select()
    return
  }
  if (button.dataset.label === undefined) {
    button.dataset.label = button.textContent ?? ''
    button.style.minWidth = `${button.offsetWidth}px` // the row must not move under the pointer
  }
  button.textContent = 'Copied'
  note.replaceChildren(make('span', 'sr', 'Copied'))
  setTimeout(() => {
    button.textContent = button.dataset.label ?? ''
    delete button.dataset.label
    note.replaceChildren()
  }, SHOWN_MS)
}
