// Cameras and microphones: which ones exist, and which one was used last.
import type { SafeStorage } from '../ui/safe-storage'

export type Kind = 'camera' | 'microphone'
export type Device = { id: string; label: string }

/** Off is a choice too. */
export const off = 'off'

/**
 * namedDevices lists the devices of a kind. Before permission they have no names and are numbered.
 */
export function namedDevices(
  all: readonly Pick<MediaDeviceInfo, 'kind' | 'deviceId' | 'label'>[],
  kind: Kind,
): Device[] {
  const wanted = kind === 'camera' ? 'videoinput' : 'audioinput'
  const name = kind === 'camera' ? 'Camera' : 'Microphone'
  return all
    .filter((d) => d.kind === wanted && d.deviceId !== '')
    .map((d, i) => ({ id: d.deviceId, label: d.label || `${name} ${i + 1}` }))
}

/**
 * chooseDevice returns the last used device if it still exists, else the first. '' lets the browser
 * choose.
 */
export function chooseDevice(devices: readonly Device[], remembered: string | undefined): string {
  if (remembered === off || devices.some((d) => d.id === remembered)) return remembered ?? ''
  return devices[0]?.id ?? ''
}

/** replacementFor is the device to use when one was unplugged; undefined if none is left. */
export function replacementFor(lost: string, devices: readonly Device[]): Device | undefined {
  return devices.find((d) => d.id !== lost)
}

const prefix = 'meanwhile.record.'

export function remember(keep: SafeStorage, key: Kind | 'source' | 'notes', value: string): void {
  keep.set(prefix + key, value)
}

export function remembered(keep: SafeStorage, key: Kind | 'source' | 'notes'): string | undefined {
  return keep.get(prefix + key)
}

/**
 * whyDenied is one sentence for an error of getUserMedia and getDisplayMedia: what is wrong and
 * what to do.
 */
export function whyDenied(error: unknown, what: Kind | 'screen'): string {
  const name = error instanceof Error ? error.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      if (what === 'screen')
        return 'Nothing was shared. Press Record again and choose a tab, a window or the screen; on a Mac, the system asks as well.'
      return `The browser was not allowed to use your ${what}. Allow it beside the address of this page, then press Record again.`
    case 'NotFoundError':
    case 'OverconstrainedError':
      return what === 'screen'
        ? 'This browser found nothing to share here.'
        : `No ${what} was found. Plug one in, or choose another one.`
    case 'NotReadableError':
    case 'AbortError':
      return what === 'screen'
        ? 'The system did not let the browser see the screen. Try again, or restart the browser.'
        : `Your ${what} is in use by another program, or did not start. Close the other program and press Record again.`
  }
  return what === 'screen'
    ? 'The screen could not be shared. Try again.'
    : `Your ${what} could not be started. Try again.`
}
