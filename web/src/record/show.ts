/**
 * show plays a stream in a video element, as a Svelte action. The element is muted: nobody wants to
 * hear themselves.
 */
export function show(
  video: HTMLVideoElement,
  stream: MediaStream,
): { update: (stream: MediaStream) => void; destroy: () => void } {
  const update = (next: MediaStream): void => {
    if (video.srcObject === next) return
    video.srcObject = next
    video.play().catch(() => undefined) // a stream that has ended in the meantime
  }
  const destroy = (): void => {
    video.srcObject = null
  }
  update(stream)
  return { update, destroy }
}
