// The <video> as the page's template makes it, for a page that was opened before there was something to play.
import { make } from '../ui/dom'

export function makeVideo(title: string, poster: string | undefined): { video: HTMLVideoElement; controller: HTMLElement } {
  const video = make('video')
  video.slot = 'media'
  video.controls = true
  video.playsInline = true
  video.preload = 'metadata'
  video.setAttribute('aria-label', title)
  if (poster !== undefined) video.poster = poster
  const controller = document.createElement('media-controller')
  controller.setAttribute('nohotkeys', '')
  controller.setAttribute('noautoseektolive', '')
  controller.append(video)
  return { video, controller }
}
