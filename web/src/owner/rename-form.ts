// The title of a video as a field in its place. Enter saves, Escape leaves the title as it was.
import { problemOf, wasCancelled } from '../api/request'
import { make, makeButton, setText } from '../ui/dom'

export interface RenameOptions {
  title: string
  rename(title: string): Promise<void>
  /** The form is not needed any more; it is still in the page. */
  onClose(): void
}

let made = 0

/** Makes the form. Put it into the page, then call focus. */
export function makeRenameForm({ title, rename, onClose }: RenameOptions): { form: HTMLFormElement; focus(): void } {
  const field = make('input', 'field')
  field.setAttribute('aria-label', 'Title')
  field.maxLength = 200
  field.autocomplete = 'off'
  field.value = title
  const status = make('p', 'small bad-text')
  status.id = `rename-status-${++made}`
  status.setAttribute('role', 'alert')
  const save = make('button', 'btn primary', 'Save')
  const form = make('form', 'rename-form', field, save, makeButton('Cancel', 'btn quiet', onClose), status)
  form.noValidate = true

  const showProblem = (sentence: string) => {
    setText(status, sentence)
    if (sentence === '') {
      field.removeAttribute('aria-invalid')
      field.removeAttribute('aria-describedby')
      return
    }
    field.setAttribute('aria-invalid', 'true')
    field.setAttribute('aria-describedby', status.id)
    field.focus()
  }
  // Listeners live as long as the form.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    onClose()
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const wanted = field.value.trim()
    if (wanted === title) return onClose()
    if (wanted === '') return showProblem('A title needs at least one character.')
    save.disabled = true
    showProblem('')
    try {
      await rename(wanted)
      onClose()
    } catch (error) {
      if (!wasCancelled(error)) showProblem(problemOf(error).sentence)
    } finally {
      save.disabled = false
    }
  })
  const focus = () => {
    field.focus()
    field.select()
  }
  return { form, focus }
}
