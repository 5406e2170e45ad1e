// What a player hears of its <video>, each event with one meaning.

export interface VideoHandlers {
  /** The position or the length may have changed. */
  onTime(): void
  onPlay(): void
  onPause(): void
  /** Playing goes on after it waited. */
  onFlow(): void
  onWaiting(): void
  onError(event: Event): void
  onSpeed(): void
  /** Bytes that are not here yet are needed now. */
  onNeed(): void
}

/** Calls the handlers until signal ends it. */
export function listenToVideo(video: HTMLVideoElement, handlers: VideoHandlers, signal: AbortSignal): void {
  const on = (names: readonly (keyof HTMLMediaElementEventMap)[], handler: () => void) => {
    for (const name of names) video.addEventListener(name, handler, { signal })
  }
  on(['timeupdate', 'seeking', 'durationchange', 'loadedmetadata'], () => handlers.onTime())
  on(['play'], () => handlers.onPlay())
  on(['pause'], () => handlers.onPause())
  on(['playing'], () => handlers.onFlow())
  on(['waiting'], () => handlers.onWaiting())
  on(['ratechange'], () => handlers.onSpeed())
  // The controls handle a jump first.
  on(['play', 'seeking', 'waiting'], () => setTimeout(() => handlers.onNeed()))
  // A <source> that fails tells only itself, and does not bubble: capture hears both.
  video.addEventListener('error', (event) => handlers.onError(event), { signal, capture: true })
}
