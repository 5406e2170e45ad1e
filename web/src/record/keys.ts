// Keys of the recorder. All but Escape have two modifiers: single letters disturb people who
// dictate to their computer.

export type Command = 'record-or-stop' | 'pause-or-resume' | 'back'

export const keyHints: readonly { keys: string; does: string }[] = [
  { keys: 'Alt Shift R', does: 'record, stop' },
  { keys: 'Alt Shift P', does: 'pause or resume' },
  { keys: 'Esc', does: 'cancel the countdown' },
]

type Pressed = Pick<KeyboardEvent, 'code' | 'key' | 'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'repeat'>

/** commandOf uses the position of a key, because Alt changes its letter on some keyboards. */
export function commandOf(e: Pressed): Command | undefined {
  if (e.repeat || e.ctrlKey || e.metaKey) return undefined
  if (e.key === 'Escape') return 'back'
  if (!e.altKey || !e.shiftKey) return undefined
  if (e.code === 'KeyR') return 'record-or-stop'
  if (e.code === 'KeyP') return 'pause-or-resume'
  return undefined
}
