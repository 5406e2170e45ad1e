// A small window that stays on top: the camera's picture, the time, and the important buttons.
import { mount, unmount } from 'svelte'
import Float from './Float.svelte'
import type { Recorder } from './recorder.svelte'

/** TypeScript does not have these yet. */
type FloatingWindows = { requestWindow(options: { width: number; height: number }): Promise<Window> }

/**
 * float opens the window. It must start in a click. If somebody closes the window, the recording
 * goes on in the page.
 */
export async function float(recorder: Recorder): Promise<void> {
  const { documentPictureInPicture: windows } = globalThis as { documentPictureInPicture?: FloatingWindows }
  const floating = await windows
    ?.requestWindow({ width: 260, height: recorder.inputs.cameraStream ? 330 : 130 })
    .catch(() => undefined)
  if (!floating) return
  const { head, body, documentElement } = floating.document
  documentElement.lang = document.documentElement.lang
  for (const sheet of document.querySelectorAll('link[rel=stylesheet]')) head.append(sheet.cloneNode())
  const shown = mount(Float, { target: body, props: { recorder } })
  recorder.floating = floating
  floating.addEventListener('pagehide', () => {
    recorder.floating = null
    void unmount(shown)
  })
}
