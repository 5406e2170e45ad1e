// The <video> as the page's template makes it, for a page that was opened before anything could
// play.
import { make, makeButton } from '../ui/dom'

export function makeVideo(title: string): { video: HTMLVideoElement; controller: HTMLElement } {
  const video = make('video')
  video.slot = 'media'
  video.playsInline = true
  video.preload = 'metadata'
  video.setAttribute('aria-label', title)
  const controller = document.createElement('media-controller')
  controller.setAttribute('nohotkeys', '')
  controller.setAttribute('noautoseektolive', '')
  const big = makeButton('', 'big', () => void video.play().catch(() => undefined))
  big.slot = 'centered-chrome'
  big.setAttribute('aria-label', 'Play')
  controller.append(video, big)
  return { video, controller }
}
