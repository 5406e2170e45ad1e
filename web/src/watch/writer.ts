// The form for all text: comment, reply, edit. Its content survives a reload, a lost network and a
// refusal.
import { problemOf, wasCancelled } from '../api/request'
import { make, makeButton, setText } from '../ui/dom'
import type { DraftPlace, Drafts } from './drafts'
import type { Guest } from './guest'

export interface WriterOptions {
  place: DraftPlace
  label: string
  placeholder: string
  submitLabel: string
  body: string // initial text, if there is no draft
  drafts: Drafts
  guest: Guest | undefined // asks for the name
  top: HTMLElement | undefined // a row above the text
  positionMs: () => number | undefined // stored with the draft
  onFirstWord(): void // first letter in the empty field
  onEmpty(): void
  send(body: string, name: string | undefined): Promise<void>
  onSent(): void
  onCancel: (() => void) | undefined
  signal: AbortSignal
}

export interface Writer {
  form: HTMLFormElement
  textarea: HTMLTextAreaElement
  keepDraft(): void
}

export function makeWriter(options: WriterOptions): Writer {
  const { drafts, place, guest } = options
  const textarea = make('textarea', 'field')
  textarea.setAttribute('aria-label', options.label)
  textarea.placeholder = options.placeholder
  textarea.maxLength = 10_000
  textarea.value = drafts.get(place)?.body ?? options.body
  const name = guest ? makeNameField(guest) : undefined
  const status = make('p', 'small status')
  status.setAttribute('role', 'status')
  const submit = make('button', 'btn primary', options.submitLabel)
  const cancel = options.onCancel ? makeButton('Cancel', 'btn quiet', () => giveUp()) : undefined
  const row = make('div', 'row extra', name, cancel, submit)
  const form = make('form', 'writer', options.top, textarea, row, status)
  form.noValidate = true

  const showStatus = (text: string, bad = false) => {
    setText(status, text)
    status.classList.toggle('bad-text', bad)
  }
  const keepDraft = () => {
    const atMs = options.positionMs()
    const kept = drafts.set(place, atMs === undefined ? { body: textarea.value } : { body: textarea.value, atMs })
    if (textarea.value.trim() === '') showStatus('')
    else
      showStatus(kept ? 'Draft kept on this device' : 'This browser keeps no drafts: do not close the page yet.', !kept)
  }
  const giveUp = () => {
    drafts.forget(place)
    options.onCancel?.()
  }
  const showActive = () =>
    form.classList.toggle('active', textarea.value !== '' || form.contains(document.activeElement))

  let empty = textarea.value === ''
  textarea.addEventListener('input', () => {
    if (empty && textarea.value !== '') options.onFirstWord()
    empty = textarea.value === ''
    if (empty) options.onEmpty()
    keepDraft()
  })
  form.addEventListener('focusin', showActive)
  form.addEventListener('focusout', () => setTimeout(showActive))
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      form.requestSubmit()
    }
    if (event.key === 'Escape' && options.onCancel && !event.isComposing) {
      event.preventDefault()
      giveUp()
    }
  })

  let sending = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (sending) return
    const body = textarea.value.trim()
    const guestName = name?.value.trim()
    if (body === '') {
      showStatus('Write something first.', true)
      textarea.focus()
      return
    }
    if (name && guestName === '') {
      showStatus('Give a name, so that people know who is talking.', true)
      name.setAttribute('aria-invalid', 'true')
      name.focus()
      return
    }
    sending = true
    textarea.readOnly = true
    submit.setAttribute('aria-disabled', 'true')
    setText(submit, 'Sending…')
    showStatus('Sending…')
    try {
      await options.send(body, guestName)
      drafts.forget(place)
      textarea.value = ''
      empty = true
      showStatus('')
      options.onSent()
    } catch (error) {
      if (!wasCancelled(error)) showStatus(failureSentence(error), true)
    } finally {
      sending = false
      textarea.readOnly = false
      submit.removeAttribute('aria-disabled')
      setText(submit, options.submitLabel)
      showActive()
    }
  })
  name?.addEventListener('input', () => name.removeAttribute('aria-invalid'))
  window.addEventListener(
    'offline',
    () => {
      if (textarea.value.trim() !== '')
        showStatus('You are offline. Your words are kept here; send them when you are back.')
    },
    { signal: options.signal },
  )
  showActive()
  if (drafts.get(place)) showStatus('Draft kept on this device')
  return { form, textarea, keepDraft }
}

function makeNameField(guest: Guest): HTMLInputElement {
  const name = make('input', 'field name')
  name.setAttribute('aria-label', 'Your name')
  name.placeholder = 'Your name'
  name.autocomplete = 'name'
  name.maxLength = 80
  name.value = guest.name
  name.addEventListener('change', () => {
    guest.name = name.value.trim()
  })
  name.addEventListener('focus', () => {
    if (name.value === '') name.value = guest.name // another form of the page may have learned it
  })
  return name
}

function failureSentence(error: unknown): string {
  const problem = problemOf(error)
  if (problem.at === 'offline') {
    return navigator.onLine
      ? 'The server did not answer. Your words are kept here; try again in a moment.'
      : 'You are offline. Your words are kept here; send them when you are back.'
  }
  return problem.at === 'broken' ? `${problem.sentence} Your words are kept here.` : problem.sentence
}
