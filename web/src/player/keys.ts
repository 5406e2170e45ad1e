// The keyboard of the player, as data: what each key does.

export type KeyAction =
  | { at: 'toggle' }
  | { at: 'seek-by'; ms: number }
  | { at: 'seek-part'; part: number } // 0…1 of the length
  | { at: 'full-screen' }
  | { at: 'mute' }
  | { at: 'speed'; steps: 1 | -1 }
  | { at: 'comment' }

/** What a key means, or undefined. key is KeyboardEvent.key. */
export function keyAction(key: string): KeyAction | undefined {
  if (/^[0-9]$/.test(key)) return { at: 'seek-part', part: Number(key) / 10 }
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case ' ':
    case 'k':
      return { at: 'toggle' }
    case 'j':
      return { at: 'seek-by', ms: -10_000 }
    case 'l':
      return { at: 'seek-by', ms: 10_000 }
    case 'ArrowLeft':
      return { at: 'seek-by', ms: -5_000 }
    case 'ArrowRight':
      return { at: 'seek-by', ms: 5_000 }
    case 'f':
      return { at: 'full-screen' }
    case 'm':
      return { at: 'mute' }
    case '<':
      return { at: 'speed', steps: -1 }
    case '>':
      return { at: 'speed', steps: 1 }
    case 'c':
      return { at: 'comment' }
    default:
      return undefined
  }
}

/** Listens to the whole page, but never while someone types or uses another control. */
export function listenForKeys(act: (action: KeyAction) => void, signal: AbortSignal): void {
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      const action = keyAction(event.key)
      if (!action || belongsElsewhere(event)) return
      event.preventDefault()
      act(action)
    },
    { signal },
  )
}

/** Looks through shadow roots too: the sliders of the controls are inputs inside them. */
function belongsElsewhere(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0]
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement && target.type === 'range') return event.key.startsWith('Arrow')
  if (target.matches('input:not([type="checkbox"]), textarea, select') || target.isContentEditable) return true
  // the browser's own controls handle these keys themselves
  if (target instanceof HTMLVideoElement && target.controls) return true
  const pressable = event
    .composedPath()
    .some((node) => node instanceof Element && node.matches('button, a[href], summary, input, [role="button"]'))
  return pressable && event.key === ' '
}
