// Keeps the page up to date: events say that something changed, the counter says whether we have
// it, and the missing part is fetched.
import { type Comment, fetchSince, SINCE_LIMIT } from '../api/comments'
import { follow, newsRetryMs } from '../api/events'
import { readMaybeNumber, readObject } from '../api/parse'
import { problemOf } from '../api/request'
import { waitForNetwork } from '../api/retry'
import { parseSharedVideo, type SharedVideo } from '../api/shared-video'
import type { Conversation } from './conversation'

export interface LiveHandlers {
  onShare(shared: SharedVideo): void
  onGone(): void
  onComments(fresh: Comment[]): void
  onConnection(connected: boolean): void
}

export function followShare(
  token: string,
  conversation: Conversation,
  handlers: LiveHandlers,
  signal: AbortSignal,
): { catchUp(): void; resume(): void } {
  let running = false
  let again = false

  /** One run at a time. A request during a run causes one more run. */
  const catchUp = async () => {
    if (running) {
      again = true
      return
    }
    running = true
    for (let attempt = 0; !signal.aborted; ) {
      again = false
      try {
        const { fresh, more } = conversation.mergeSince(await fetchSince(token, conversation.seq, signal), SINCE_LIMIT)
        handlers.onComments(fresh)
        attempt = 0
        if (!more && !again) break
      } catch (error) {
        if (signal.aborted) break
        if (problemOf(error).at === 'gone') break // the event stream says what became of the link
        await waitForNetwork(newsRetryMs(++attempt, Math.random()), signal)
      }
    }
    running = false
  }

  const onEvent = (name: string, data: unknown) => {
    const wire = readObject(data, name)
    // A stream begins with the current state, so it also reports comments from the time without a
    // stream.
    const seq = readMaybeNumber(wire, name === 'comment' ? 'seq' : 'comment_seq') ?? 0
    if (seq > conversation.seq) void catchUp()
    if (name === 'video') handlers.onShare(parseSharedVideo(wire))
  }

  const onState = (state: 'open' | 'lost') => handlers.onConnection(state === 'open')
  let isFollowed = false
  /** Follows the link, also again after its end. */
  const resume = () => {
    if (isFollowed) return
    isFollowed = true
    follow(token, { onEvent, onState, onGone }, signal)
  }
  const onGone = () => {
    isFollowed = false
    handlers.onGone()
  }
  resume()
  return { catchUp: () => void catchUp(), resume }
}
