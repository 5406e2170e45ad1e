// A menu in the top layer: it opens below its button and closes by itself when somebody looks
// elsewhere.
import { make, makeButton } from './dom'

let made = 0
const ROOM_PX = 8

export interface Popup {
  button: HTMLButtonElement
  card: HTMLElement
}

/** A button that opens items. Each item closes it when it is chosen. */
export function makePopup(label: string, items: readonly HTMLElement[]): Popup {
  const id = `popup-${++made}`
  const card = make('div', 'card popup', ...items)
  card.id = id
  card.popover = 'auto'
  const button = makeButton(label, 'btn quiet opens', () => undefined)
  button.setAttribute('popovertarget', id)
  const place = () => {
    const at = button.getBoundingClientRect()
    const page = document.documentElement
    const left = Math.max(ROOM_PX, Math.min(at.left, page.clientWidth - card.offsetWidth - ROOM_PX))
    const below = at.bottom + card.offsetHeight + ROOM_PX < page.clientHeight
    card.style.left = `${left}px`
    card.style.top = `${below ? at.bottom + scrollY + 4 : at.top + scrollY - card.offsetHeight - 4}px`
  }
  const follow = () => card.matches(':popover-open') && place()
  card.addEventListener('toggle', follow)
  // for as long as the page: a button and its card are never taken away
  window.addEventListener('resize', follow)
  card.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('button, a')) card.hidePopover()
  })
  return { button, card }
}
