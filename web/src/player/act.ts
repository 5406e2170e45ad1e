// What a key does to the player.
import type { KeyAction } from './keys'
import { setSpeed, stepSpeed } from './speed'

interface Seekable {
  readonly positionMs: number
  readonly durationMs: number
  seek(ms: number): void
}

export function act(
  player: Seekable,
  video: HTMLVideoElement,
  action: Exclude<KeyAction, { at: 'comment' | 'full-screen' }>,
): void {
  switch (action.at) {
    case 'toggle':
      if (video.paused) void video.play().catch(() => undefined)
      else video.pause()
      return
    case 'seek-by':
      player.seek(player.positionMs + action.ms)
      return
    case 'seek-part':
      player.seek(player.durationMs * action.part)
      return
    case 'mute':
      video.muted = !video.muted
      return
    case 'speed':
      setSpeed(video, stepSpeed(video.playbackRate, action.steps))
      return
    default:
      action satisfies never
  }
}
