// This script is in the page itself, right after the player, and runs before the first paint. It
// delays everything that would compete with the video's first bytes, and starts the rest when the
// picture is there. It imports nothing, because it must not wait.
{
  const KEY = 'meanwhile:fonts'
  /** Two frames: what has arrived is on the screen. */
  const SHOWN_MS = 34
  /** By then the browser has chosen a source. */
  const CHOSEN_MS = 500
  const data = document.currentScript?.dataset ?? {}
  const list = (text: string | undefined) => (text ?? '').split(' ').filter((address) => address !== '')
  const player = document.querySelector('mw-player')
  // preload-video.ts
  const kept = document.querySelector<HTMLTemplateElement & { video?: HTMLVideoElement }>('#kept')
  const video = kept?.video
  if (video) player?.querySelector('media-controller')?.prepend(video)
  const big = player?.querySelector<HTMLElement>('.big')
  const fonts = document.getElementById('fonts')
  const began = new AbortController()
  const once = { signal: began.signal, capture: true }

  /** The browser's own controls, until ours come. */
  const showNative = () => {
    if (video) video.controls = true
    if (big) big.hidden = true
  }

  const useFonts = () => fonts?.setAttribute('media', 'all')

  /** If the fonts are already on this computer, text uses them from the beginning. */
  const keepFonts = (): void => {
    try {
      localStorage.setItem(KEY, '1')
    } catch {
      // next time they come late again
    }
  }
  const hasFonts = (): boolean => {
    try {
      return localStorage.getItem(KEY) === '1'
    } catch {
      return false
    }
  }

  const add = (rel: string, href: string) => {
    const link = document.createElement('link')
    link.rel = rel
    link.href = href
    document.head.append(link)
  }

  const run = async (): Promise<void> => {
    for (const address of list(data.fetch)) add('modulepreload', address)
    for (const address of list(data.later)) add('stylesheet', address)
    useFonts()
    keepFonts()
    try {
      for (const address of list(data.run)) await import(/* @vite-ignore */ address)
    } catch (error) {
      showNative()
      throw error
    }
  }

  const begin = () => {
    if (began.signal.aborted) return
    began.abort()
    if (document.readyState !== 'loading') void run()
    else document.addEventListener('DOMContentLoaded', () => void run(), { once: true })
  }

  if (hasFonts()) useFonts()
  if (video) {
    const hide = () => {
      if (big) big.hidden = true
    }
    big?.addEventListener('click', () => void video.play().catch(() => undefined))
    video.addEventListener('play', hide)
    if (!video.paused) hide()
    const shown = () => setTimeout(begin, SHOWN_MS)
    video.addEventListener('loadeddata', shown, { once: true })
    // the rest of the page loaded late
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) shown()
    // no source can be played
    setTimeout(() => video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE && begin(), CHOSEN_MS)
    // It does not come now: the browser saves data, or the connection is slow. While it plays,
    // enough is loading.
    video.addEventListener('suspend', () => video.paused && begin(), { signal: began.signal })
    for (const name of ['stalled', 'error'] as const) video.addEventListener(name, begin, { signal: began.signal })
    // the browser skips the others
    video.querySelector('source:last-of-type')?.addEventListener('error', begin, once)
    // Somebody uses the conversation, or a key.
    for (const name of ['pointerdown', 'keydown', 'focusin'] as const) {
      document.addEventListener(
        name,
        (event) => !(event.target instanceof Node && player?.contains(event.target)) && begin(),
        once,
      )
    }
  } else begin()
}
