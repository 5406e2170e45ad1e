/**
 * keepFocus gives the focus to a new element if it was lost with another one, as a Svelte action.
 */
export function keepFocus(element: HTMLElement): void {
  if (document.activeElement === null || document.activeElement === document.body) element.focus()
}
