// The first run: the help for plain form pages, and a word on the pressed button until the response
// comes, which may take some seconds.
import '../ui/form'
import { setText } from '../ui/dom'

const page = new AbortController()
const { signal } = page

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-busy]')) {
  const button = form.querySelector('button')
  if (button) form.addEventListener('submit', (event) => wait(event, button, form.dataset.busy), { signal })
}
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-busy]')) {
  const here = (event: MouseEvent) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
  link.addEventListener('click', (event) => here(event) && wait(event, link, link.dataset.busy), { signal })
}
// A page from the browser's cache is reloaded, because its button still looks pressed.
addEventListener('pageshow', (event) => event.persisted && location.reload(), { signal })

/** One press is enough: a second one would set up twice, or restart the wait. */
function wait(event: Event, pressed: HTMLElement, word: string | undefined): void {
  if (pressed.ariaDisabled === 'true') {
    event.preventDefault()
    return
  }
  pressed.ariaDisabled = 'true'
  if (word) setText(pressed, `${word} …`)
}
