// When the link ends, if it does, in the reader's own time zone.
import type { SharedVideo } from '../api/shared-video'
import { make, need, setText } from '../ui/dom'
import { endWords } from '../ui/ends'
import { dateLocale } from '../ui/local-time'

export function showLinkEnd(shared: Pick<SharedVideo, 'linkEndsAt'>): void {
  let element = document.getElementById('link-end')
  if (!shared.linkEndsAt) {
    element?.remove()
    return
  }
  if (!element) {
    element = make('span')
    element.id = 'link-end'
    need('improving', HTMLElement).before(element)
  }
  setText(element, linkEndSentence(shared.linkEndsAt, new Date(), dateLocale()))
}

export function linkEndSentence(end: Date, now: Date, locale: string): string {
  const words = endWords(end, now, locale)
  return `This link ends ${/^to/.test(words) ? '' : 'on '}${words}, your time`
}
