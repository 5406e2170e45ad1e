/**
 * show plays a stream in a video element, as a Svelte action. The element is muted, because nobody
 * wants to hear themselves.
 */
export function show(
  video: HTMLVideoElement,
  stream: MediaStream,
): { update: (stream: MediaStream) => void; destroy: () => void } {
  const update = (next: MediaStream): void => {
    if (video.srcObject === next) return
    video.srcObject = next
    video.play().catch(() => undefined) // fails if the stream has ended meanwhile
  }
  const destroy = (): void => {
    video.srcObject = null
  }
  update(stream)
  return { update, destroy }
}
