// The sheet of a video's links: shows them, and makes, changes and revokes them. It is loaded when
// somebody opens it.
import './sheet.css'
import { fetchDefaults, type Link, type LinkDefaults, listLinks, makeAccessLink, revokeLink } from '../api/links'
import { problemOf, wasCancelled } from '../api/request'
import { copyFrom } from '../ui/copy'
import { make, makeButton, setText } from '../ui/dom'
import { endWords } from '../ui/ends'
import { dateLocale } from '../ui/local-time'
import { makeLinkForm } from './form'
import { audienceWords, linkEndWords, nameOf, ruleWords, stands } from './messages'

export interface SheetOptions {
  videoId: string
  title: string
  /** Gets the focus when the sheet closes. */
  opener: HTMLElement | undefined
}

/** Opens the sheet, only one at a time. */
export function openLinks(options: SheetOptions): void {
  if (document.querySelector('dialog.links-sheet')) return
  new Sheet(options).open()
}

class Sheet {
  readonly #options: SheetOptions
  readonly #open = new AbortController()
  readonly #dialog = make('dialog', 'card links-sheet')
  readonly #heading = make('h2')
  readonly #body = make('div', 'links-body')
  readonly #status = make('p', 'sr')
  #links: Link[] = []
  #defaults: LinkDefaults | undefined // workspace defaults for new links
  #form: (() => void) | undefined // closes the form

  constructor(options: SheetOptions) {
    this.#options = options
    this.#heading.id = 'links-title'
    this.#heading.tabIndex = -1
    this.#status.setAttribute('role', 'status')
    const close = makeButton('', 'btn quiet icon', () => this.#dialog.close())
    close.setAttribute('aria-label', 'Close')
    close.append(make('span', '', '✕'))
    close.firstElementChild?.setAttribute('aria-hidden', 'true')
    const header = make('header', '', make('div', '', this.#heading, make('p', 'small', options.title)), close)
    this.#dialog.setAttribute('aria-labelledby', this.#heading.id)
    this.#dialog.append(header, this.#body, this.#status)
    this.#dialog.addEventListener('cancel', (event) => {
      if (!this.#form) return
      event.preventDefault() // Escape closes the form first
      this.#form()
    })
    this.#dialog.addEventListener('close', () => {
      this.#open.abort()
      this.#dialog.remove()
      options.opener?.focus()
    })
  }

  open(): void {
    document.body.append(this.#dialog)
    this.#title('Share')
    this.#dialog.showModal()
    this.#heading.focus()
    void this.#load()
  }

  async #load(): Promise<void> {
    this.#body.replaceChildren(make('p', 'small', 'Loading the links…'))
    try {
      // the sheet works without them
      const defaults = fetchDefaults(this.#open.signal).catch(() => undefined)
      this.#links = await listLinks(this.#options.videoId, this.#open.signal)
      this.#defaults = await defaults
      this.#showList()
    } catch (error) {
      if (wasCancelled(error)) return
      const note = make('p', 'note warn', problemOf(error).sentence)
      note.setAttribute('role', 'alert')
      this.#body.replaceChildren(
        note,
        make(
          'p',
          'links-new',
          makeButton('Try again', 'btn', () => void this.#load()),
        ),
      )
    }
  }

  #title(text: string): void {
    setText(this.#heading, text)
  }

  #showList(): void {
    this.#form = undefined
    this.#title('Share')
    const now = new Date()
    const live = this.#links.filter((link) => !link.revokedAt)
    const revoked = this.#links.filter((link) => link.revokedAt)
    const list = make('ul', 'links-list', ...live.map((link) => this.#item(link, now)))
    list.setAttribute('aria-label', 'Links')
    const add = makeButton('New link', 'btn', () => this.#showForm(undefined))
    add.id = 'links-add'
    this.#body.replaceChildren(
      ...(live.length > 0 ? [list] : [make('p', '', 'This video has no link now. Make one to share it.')]),
      make('p', 'links-new', add),
    )
    if (revoked.length > 0) this.#body.append(makeRevoked(revoked, (link) => this.#name(link), now))
  }

  #item(link: Link, now: Date): HTMLLIElement {
    const note = make('div')
    note.setAttribute('role', 'status')
    const copy = makeButton('Copy link', 'btn', () => void copyFrom(copy, link.url, note))
    copy.setAttribute('aria-describedby', `link-${link.id}`)
    const item = makeItem(link, this.#name(link), now, stands(link, now) ? copy : undefined)
    const slot = make('div')
    const change = labelled(
      makeButton('Change', 'link', () => this.#showForm(link)),
      this.#name(link),
    )
    const revoke = labelled(
      makeButton('Revoke', 'link danger', () => this.#askRevoke(link, slot, revoke)),
      this.#name(link),
    )
    item.dataset.link = link.id
    item.append(make('div', 'links-tools', change, revoke), slot, note)
    if (link.audience === 'named') item.append(this.#people(link))
    return item
  }

  #showForm(link: Link | undefined): void {
    this.#title(link ? 'Change the link' : 'New link')
    const back = () => {
      this.#showList()
      this.#focus(link ? `[data-link="${link.id}"] .links-tools .link` : '#links-add')
    }
    this.#form = back
    const form = makeLinkForm({
      videoId: this.#options.videoId,
      link,
      defaults: this.#defaults,
      onSaved: (saved) => {
        this.#links = link
          ? this.#links.map((other) => (other.id === saved.id ? saved : other))
          : [...this.#links, saved]
        this.#showList()
        setText(this.#status, link ? 'Link changed' : 'Link made')
        this.#focus(`[data-link="${saved.id}"] .btn`)
      },
      onCancel: back,
      signal: this.#open.signal,
    })
    this.#body.replaceChildren(form)
    this.#dialog.scrollTop = 0
    form.querySelector('input')?.focus()
  }

  #askRevoke(link: Link, slot: HTMLElement, opener: HTMLElement): void {
    const status = make('p', 'small bad-text')
    status.setAttribute('role', 'status')
    const keep = () => {
      slot.replaceChildren()
      opener.focus()
    }
    const sure = makeButton('Revoke it', 'btn danger', async () => {
      sure.disabled = true
      try {
        await revokeLink(this.#options.videoId, link.id, this.#open.signal)
        this.#links = this.#links.map((other) => (other.id === link.id ? { ...other, revokedAt: new Date() } : other))
        this.#showList()
        setText(this.#status, `${this.#name(link)} is revoked`)
        this.#focus('#links-add')
      } catch (error) {
        if (wasCancelled(error)) return
        sure.disabled = false
        setText(status, problemOf(error).sentence)
      }
    })
    const words = make(
      'p',
      '',
      'It stops working at once, also for people who are watching now. You cannot bring it back. The video and your other links stay.',
    )
    slot.replaceChildren(
      make('div', 'note warn links-question', words, sure, makeButton('Keep it', 'btn quiet', keep), status),
    )
    sure.focus()
  }

  /** The named people, with an access link for each, to pass on if no mail is sent. */
  #people(link: Link): HTMLElement {
    const list = make('ul', 'links-people', ...link.people.map((email) => this.#person(link, email)))
    const summary = make('summary', 'small', 'These people, and an access link for each')
    return make('details', '', summary, list)
  }

  #person(link: Link, email: string): HTMLLIElement {
    const slot = make('div', 'links-way')
    slot.hidden = true
    slot.setAttribute('role', 'status')
    const button = makeButton('Make an access link', 'link', async () => {
      button.disabled = true
      try {
        const way = await makeAccessLink(this.#options.videoId, link.id, email, this.#open.signal)
        showAccessLink(slot, way.url, email, way.expiresAt)
      } catch (error) {
        if (wasCancelled(error)) return
        slot.replaceChildren(make('p', 'small bad-text', problemOf(error).sentence))
      }
      slot.hidden = false
      button.disabled = false
    })
    button.append(make('span', 'sr', ` for ${email}`))
    return make('li', '', make('span', 'small', email), button, slot)
  }

  #name(link: Link): string {
    return nameOf(link, this.#links)
  }

  #focus(selector: string): void {
    this.#body.querySelector<HTMLElement>(selector)?.focus()
  }
}

function makeItem(link: Link, name: string, now: Date, copy: HTMLElement | undefined): HTMLLIElement {
  const title = make('h3', '', name)
  title.id = `link-${link.id}`
  const rules = make(
    'p',
    'small links-dots num',
    ...ruleWords(link, now, dateLocale()).map((words) => make('span', '', words)),
  )
  const item = make('li', '', make('div', '', title, make('p', '', audienceWords(link)), rules), copy ?? make('span'))
  item.classList.toggle('links-over', !stands(link, now))
  return item
}

/** Revoked links are read-only and folded away. */
function makeRevoked(links: Link[], name: (link: Link) => string, now: Date): HTMLElement {
  const summary = make('summary', 'small', links.length === 1 ? '1 revoked link' : `${links.length} revoked links`)
  const items = links.map((link) => {
    const when = make('p', 'small', linkEndWords(link, now, dateLocale()))
    return make('li', 'links-over', make('div', '', make('h3', '', name(link)), when))
  })
  return make('details', '', summary, make('ul', 'links-list', ...items))
}

function showAccessLink(slot: HTMLElement, url: string, email: string, ends: Date): void {
  const field = make('input', 'field')
  field.readOnly = true
  field.value = url
  field.setAttribute('aria-label', `Access link for ${email}`)
  const note = make(
    'p',
    'small',
    `Hand it to ${email}. It opens the video once, until ${endWords(ends, new Date(), dateLocale())}.`,
  )
  const copied = make('div')
  const copy = makeButton('Copy', 'btn', () => void copyFrom(copy, url, copied))
  slot.replaceChildren(field, copy, note, copied)
}

/** A short word on the button, and for screen readers what it belongs to. */
function labelled(button: HTMLButtonElement, more: string): HTMLButtonElement {
  button.append(make('span', 'sr', `, ${more}`))
  return button
}
