// The options for getDisplayMedia.

/** TypeScript does not have these yet. */
type DisplayOptions = DisplayMediaStreamOptions & {
  systemAudio: 'include'
  surfaceSwitching: 'include'
  selfBrowserSurface: 'exclude'
  controller?: unknown
}

type Controller = new () => { setFocusBehavior(behaviour: string): void }

/**
 * displayOptions: at most 1080p30, unprocessed sound, not this page itself, and the page stays in
 * front for the countdown.
 */
export function displayOptions(): DisplayOptions {
  const options: DisplayOptions = {
    video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 30, max: 30 } },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    systemAudio: 'include',
    surfaceSwitching: 'include',
    selfBrowserSurface: 'exclude',
  }
  const { CaptureController } = globalThis as { CaptureController?: Controller }
  if (!CaptureController) return options
  const controller = new CaptureController()
  controller.setFocusBehavior('no-focus-change')
  return { ...options, controller }
}
