// A menu in the top layer: it opens below its button and closes when somebody clicks elsewhere.
import { make, makeButton } from './dom'

let made = 0
const ROOM_PX = 8

export interface Popup {
  button: HTMLButtonElement
  card: HTMLElement
}

/**
 * Makes a menu of items. Choosing an item closes it. opener is the label of a new button, or a
 * button that is there already. Without a signal the menu lives as long as the page.
 */
export function makePopup(
  opener: string | HTMLButtonElement,
  items: readonly HTMLElement[],
  signal = new AbortController().signal,
): Popup {
  const id = `popup-${++made}`
  const card = make('div', 'card popup', ...items)
  card.id = id
  card.popover = 'auto'
  const button = typeof opener === 'string' ? makeButton(opener, 'btn quiet opens', () => undefined) : opener
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
  window.addEventListener('resize', follow, { signal })
  card.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('button, a')) card.hidePopover()
  })
  return { button, card }
}
