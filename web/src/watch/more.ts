// The rest of a long conversation, one page at a time. A page loads when it comes near, and the
// rest loads when the browser is idle, so that the seek bar has all markers.
import { fetchPage } from '../api/comments'
import { problemOf, wasCancelled } from '../api/request'
import { make, makeButton } from '../ui/dom'
import type { PageContext } from './page-context'

/** Pages that load by themselves. More load only when somebody reads on. */
const PAGES_UNASKED = 10
const IDLE_WAIT_MS = 400

type More =
  | { at: 'waiting'; cursor: string }
  | { at: 'loading'; cursor: string }
  | { at: 'failed'; cursor: string; sentence: string }
  | { at: 'done' }

export function loadMore(box: HTMLElement, context: PageContext, firstCursor: string | undefined): void {
  let state: More = firstCursor === undefined ? { at: 'done' } : { at: 'waiting', cursor: firstCursor }
  let unasked = 0

  const show = () => {
    switch (state.at) {
      case 'done':
        box.replaceChildren()
        return
      case 'loading':
        box.replaceChildren(make('p', 'small more', 'Loading more comments…'))
        return
      case 'waiting':
        box.replaceChildren(makeButton('Show more comments', 'btn quiet more', () => void load()))
        return
      case 'failed':
        box.replaceChildren(
          make('p', 'note warn small', `${state.sentence} Some comments are not shown. `),
          makeButton('Try again', 'btn', () => void load()),
        )
        return
      default:
        state satisfies never
    }
  }
  const load = async () => {
    if (state.at === 'done' || state.at === 'loading') return
    const { cursor } = state
    state = { at: 'loading', cursor }
    show()
    try {
      const page = await fetchPage(context.token, cursor, context.signal)
      context.conversation.merge(page.changes)
      state = page.nextCursor === undefined ? { at: 'done' } : { at: 'waiting', cursor: page.nextCursor }
      context.changed()
    } catch (error) {
      if (wasCancelled(error)) return
      state = { at: 'failed', cursor, sentence: problemOf(error).sentence }
    }
    show()
    loadUnasked()
  }
  const loadUnasked = () => {
    if (state.at !== 'waiting' || unasked++ >= PAGES_UNASKED) return
    setTimeout(() => void load(), IDLE_WAIT_MS)
  }
  const near = new IntersectionObserver((entries) => {
    if (state.at === 'waiting' && entries.some((entry) => entry.isIntersecting)) void load()
  })
  near.observe(box)
  context.signal.addEventListener('abort', () => near.disconnect())
  window.addEventListener('online', () => state.at === 'failed' && void load(), { signal: context.signal })
  show()
  loadUnasked()
}
