// The form that makes a link, or changes one.
import { type Audience, addLink, type CommentRule, changeLink, type Link, type LinkDefaults } from '../api/links'
import { problemOf, wasCancelled } from '../api/request'
import { make, makeButton, setText } from '../ui/dom'
import { fromField, toField, zoneName } from '../ui/ends'
import { dateLocale } from '../ui/local-time'
import { check, type FieldName, type Wanted } from './messages'

export interface FormOptions {
  videoId: string
  link: Link | undefined // the link to change
  defaults: LinkDefaults | undefined // defaults for a new one
  onSaved(link: Link): void
  onCancel(): void
  signal: AbortSignal
}

const audiences: { value: Audience; label: string; sentence: string }[] = [
  { value: 'link', label: 'Anyone with the link', sentence: 'No account and no password needed.' },
  { value: 'password', label: 'People with a password', sentence: 'The link asks for it. You send it to them.' },
  {
    value: 'members',
    label: 'Members of this workspace',
    sentence: 'They sign in. Nobody else can open it.',
  },
  {
    value: 'named',
    label: 'People you name',
    sentence: 'They confirm their mail address once. Nobody else can open it.',
  },
]

const commentRules: { value: CommentRule; label: string; sentence: string }[] = [
  { value: 'on', label: 'On', sentence: 'Everybody sees them at once.' },
  { value: 'held', label: 'Held', sentence: 'Others see a comment when you have approved it.' },
  { value: 'off', label: 'Off', sentence: 'Only your team can comment.' },
]

export function makeLinkForm({ videoId, link, defaults, onSaved, onCancel, signal }: FormOptions): HTMLFormElement {
  const first = link ?? defaults
  const name = makeField('input', 'Name', 'Only you see it, for example “For the client”.', 'links-name')
  name.field.maxLength = 100
  name.field.value = link?.name ?? ''

  const password = makeField(
    'input',
    'Password',
    link?.hasPassword
      ? 'The link has a password. Leave this empty to keep it.'
      : 'At least 6 characters. It is not shown again.',
    'links-password',
  )
  password.field.spellcheck = false
  password.field.autocapitalize = 'none'
  const people = makeField('textarea', 'Mail addresses', 'One per line, or with commas between.', 'links-people')
  people.field.value = (link?.people ?? []).join('\n')
  people.field.spellcheck = false
  people.field.autocapitalize = 'none'
  password.element.classList.add('links-more')
  people.element.classList.add('links-more')

  const audience = makeChoice('Who may open it', 'links-audience', audiences, first?.audience ?? 'link', (value) => {
    password.element.hidden = value !== 'password'
    people.element.hidden = value !== 'named'
  })
  audience.after('password', password.element)
  audience.after('named', people.element)
  const comments = makeChoice(
    'Comments of people outside your team',
    'links-comments',
    commentRules,
    first?.comments ?? 'on',
    () => undefined,
  )

  const download = make('input')
  download.type = 'checkbox'
  download.checked = first?.download ?? false
  const downloads = make('label', 'check', download, 'They may download the video')
  // it hides the button and the file; it is no protection
  downloads.append(' ', make('span', 'small', 'Who can watch can also save.'))

  const end = makeEnd(link?.expiresAt)
  const status = make('p', 'bad-text')
  status.setAttribute('role', 'alert')
  const label = link ? 'Save' : 'Make the link'
  const submit = make('button', 'btn primary', label)
  const form = make('form', 'links-form', name.element, audience.element, comments.element, downloads, end.element)
  form.append(make('div', 'links-row', submit, makeButton('Cancel', 'btn quiet', onCancel)), status)
  form.noValidate = true

  const fields: Record<FieldName, Pick<Field<HTMLInputElement>, 'complain'>> = { password, people, end }
  const wanted = (): Wanted => ({
    name: name.field.value,
    audience: audience.value(),
    password: password.field.value,
    people: people.field.value,
    comments: comments.value(),
    download: download.checked,
    ends: end.field.value !== '' || end.field.validity.badInput,
    end: fromField(end.field.value),
  })
  let saving = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (saving) return
    for (const field of Object.values(fields)) field.complain('')
    setText(status, '')
    const checked = check(wanted(), link, new Date())
    if (checked.at === 'wrong') {
      fields[checked.field].complain(checked.sentence)
      return
    }
    saving = true
    submit.setAttribute('aria-disabled', 'true')
    setText(submit, 'Saving…')
    try {
      const saved = link
        ? await changeLink(videoId, link.id, checked.rules, signal)
        : await addLink(videoId, checked.rules, signal)
      onSaved(saved)
    } catch (error) {
      if (!wasCancelled(error)) setText(status, problemOf(error).sentence)
    }
    saving = false
    submit.removeAttribute('aria-disabled')
    setText(submit, label)
  })
  return form
}

interface Field<T extends HTMLInputElement | HTMLTextAreaElement> {
  element: HTMLElement
  field: T
  /**
   * Shows the error below the field and moves the focus there. An empty sentence means no error.
   */
  complain(sentence: string): void
}

function makeField<K extends 'input' | 'textarea'>(
  tag: K,
  label: string,
  hint: string,
  id: string,
): Field<HTMLElementTagNameMap[K]> {
  const field = make(tag, 'field')
  field.id = id
  field.setAttribute('autocomplete', 'off')
  const title = make('label', 'links-label', label)
  title.htmlFor = id
  const element = make('div', '', title, field)
  return { element, field, complain: describe(element, field, hint) }
}

/** A hint below a field. An error takes its place. */
function describe(element: HTMLElement, field: HTMLElement, hint: string): (sentence: string) => void {
  const small = make('p', 'small', hint)
  const bad = make('p', 'small bad-text')
  small.id = `${field.id}-hint`
  bad.id = `${field.id}-bad`
  bad.hidden = true
  field.setAttribute('aria-describedby', `${bad.id} ${small.id}`)
  element.append(bad, small)
  return (sentence) => {
    setText(bad, sentence)
    bad.hidden = sentence === ''
    if (sentence === '') field.removeAttribute('aria-invalid')
    else {
      field.setAttribute('aria-invalid', 'true')
      field.focus()
    }
  }
}

interface Choice<T extends string> {
  element: HTMLFieldSetElement
  value(): T
  after(value: T, element: HTMLElement): void
}

function makeChoice<T extends string>(
  legend: string,
  group: string,
  options: readonly { value: T; label: string; sentence: string }[],
  first: T,
  onChoose: (value: T) => void,
): Choice<T> {
  let chosen = first
  const rows = new Map<T, HTMLElement>()
  const element = make('fieldset', '', make('legend', '', legend))
  for (const { value, label, sentence } of options) {
    const radio = make('input')
    radio.type = 'radio'
    radio.name = group
    radio.checked = value === first
    radio.addEventListener('change', () => {
      chosen = value
      onChoose(value)
    })
    const row = make('label', 'links-choice', radio, make('span', '', label, make('span', 'small', sentence)))
    rows.set(value, row)
    element.append(row)
  }
  onChoose(first)
  return { element, value: () => chosen, after: (value, child) => rows.get(value)?.after(child) }
}

/** The end is in the author's own time zone, whose name is beside it. */
function makeEnd(expiresAt: Date | undefined): Field<HTMLInputElement> {
  const field = make('input', 'field num')
  field.id = 'links-end'
  field.type = 'datetime-local'
  if (expiresAt) field.value = toField(expiresAt)
  const label = make('label', 'links-label', 'Ends')
  label.htmlFor = field.id
  const clear = makeButton('No end', 'btn quiet', () => {
    field.value = ''
    show()
    field.focus()
  })
  const show = () => {
    clear.hidden = field.value === ''
  }
  field.addEventListener('input', show)
  show()
  const zone = zoneName(expiresAt ?? new Date(), dateLocale())
  const element = make('div', '', label, make('div', 'links-end', field, clear))
  const hint = `Leave it empty for no end. In your time zone${zone === '' ? '' : `, ${zone}`}; others see it in theirs.`
  return { element, field, complain: describe(element, field, hint) }
}
