// The watch page. The HTML alone plays and can be read. This adds the controls, the live
// conversation and the writing.

import { problemOf, wasCancelled } from '../api/request'
import { fetchSharedVideo, type SharedVideo } from '../api/shared-video'
import { listenForKeys } from '../player/keys'
import { definePlayer, MwPlayer } from '../player/player'
import type { Fresh } from '../player/recovery'
import { make, need, setText } from '../ui/dom'
import { keepLocalTimes } from '../ui/local-time'
import { openSafeStorage } from '../ui/safe-storage'
import { parsePosition } from '../ui/time-code'
import { makeActs } from './acts'
import { readBoot } from './boot'
import { makeCamera } from './camera'
import { listenForChips } from './comment-item'
import { CommentList, newsOf } from './comment-list'
import { makeComposer } from './composer'
import { Conversation } from './conversation'
import { Drafts } from './drafts'
import { Guest } from './guest'
import { showLinkEnd } from './link-end'
import { followShare } from './live'
import { loadMore } from './more'
import { reportOpened } from './opened'
import { loadOwnHeldComments } from './own-held'
import type { PageContext } from './page-context'
import { makePhaseView } from './phase'
import type { Gone } from './phase-state'

/** A connection that is lost for less than this is not worth a message. */
const LOST_SHOWN_MS = 4_000

function startPage(): void {
  const { signal } = new AbortController() // the page lives as long as its document
  const boot = readBoot(need('boot', HTMLElement).textContent ?? '')
  const keep = openSafeStorage()
  definePlayer()
  const player = document.querySelector('mw-player')
  if (!(player instanceof MwPlayer)) throw new Error('the page has no player')

  const conversation = new Conversation(boot.comments.seq, boot.comments.count)
  conversation.merge(boot.comments.changes)
  const context: PageContext = {
    token: boot.token,
    userName: boot.userName,
    canComment: boot.shared.canComment,
    owner: boot.shared.owner,
    authorName: boot.shared.authorName,
    player,
    conversation,
    drafts: new Drafts(keep, boot.token),
    guest: new Guest(keep, boot.token),
    keep,
    announce: (sentence) => setText(need('announce', HTMLElement), sentence),
    changed: () => {
      list.draw()
      live.catchUp()
    },
    signal,
  }
  const list = new CommentList(context)
  const phase = makePhaseView(player, context.announce, signal)
  const composer = context.canComment ? makeComposer(context, (id) => list.light(id)) : undefined
  const close = (how: Gone) => {
    phase.showGone(how)
    acts.showGone()
    showLinkEnd({ linkEndsAt: undefined }) // it has ended, or we cannot know
    composer?.setClosed('This link has ended or changed, so nothing can be sent.')
  }
  const showGone = () => close('gone')
  const camera = makeCamera(player, context.announce, signal)
  const showShare = (shared: SharedVideo) => {
    phase.show(shared)
    camera.show(shared)
    acts.show(shared)
    composer?.setClosed(shared.canComment ? undefined : 'Comments are off for this link now.')
    showLinkEnd(shared)
  }
  const acts = makeActs({
    player,
    shared: boot.shared,
    onTrash: () => close('trashed'),
    onRestore: () => {
      live.resume()
      void fetchSharedVideo(boot.token, signal).then(showShare, () => location.reload())
    },
    signal,
  })
  const connection = makeConnectionNote(signal)

  const startMs = parsePosition(new URLSearchParams(location.search).get('t') ?? '') ?? boot.startMs
  player.start(
    {
      keep,
      tab: openSafeStorage('tab'),
      startMs,
      refresh: (during) => refreshSources(boot.token, during),
      onPosition: () => {
        acts.refresh()
        composer?.refresh()
      },
      onMark: (ids) => ids[0] !== undefined && list.light(ids[0]),
      onGone: showGone,
      signal,
    },
    boot.shared,
  )
  phase.show(boot.shared)
  camera.show(boot.shared)
  showLinkEnd(boot.shared)
  if (!boot.shared.owner) reportOpened(boot.token, signal)
  if (composer) need('composer', HTMLElement).replaceChildren(composer.element)
  list.draw()
  listenForChips(need('list', HTMLElement), context)
  listenForKeys((action) => (action.at === 'comment' ? composer?.commentHere() : player.act(action)), signal)
  keepLocalTimes(signal)
  pointSignInHere()

  const live = followShare(
    boot.token,
    conversation,
    {
      onShare: showShare,
      onGone: showGone,
      onComments: (fresh) => {
        list.draw()
        if (fresh.length > 0) context.announce(newsOf(fresh))
      },
      onConnection: connection.show,
    },
    signal,
  )
  loadMore(need('more', HTMLElement), context, boot.comments.nextCursor)
  void loadOwnHeldComments(context)
}

async function refreshSources(token: string, signal: AbortSignal): Promise<Fresh> {
  try {
    return { at: 'media', media: await fetchSharedVideo(token, signal) }
  } catch (error) {
    if (wasCancelled(error)) throw error
    return problemOf(error).at === 'gone' ? { at: 'gone' } : { at: 'offline' }
  }
}

/** Says in place that the connection is lost, once it has lasted. */
function makeConnectionNote(signal: AbortSignal): { show(connected: boolean): void } {
  const note = make(
    'p',
    'note warn small connection',
    'No connection. What is here stays. New comments appear when it is back.',
  )
  note.setAttribute('role', 'status')
  const slot = need('talk-title', HTMLElement)
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (connected: boolean) => {
    if (connected) {
      clearTimeout(timer)
      timer = undefined
      note.remove()
    } else if (navigator.onLine) {
      // every failed try calls this: the first one counts
      timer ??= setTimeout(() => slot.after(note), LOST_SHOWN_MS)
    } else if (!note.isConnected) slot.after(note)
  }
  window.addEventListener('offline', () => show(false), { signal })
  return { show }
}

/** Signing in returns to this page. */
function pointSignInHere(): void {
  const link = document.querySelector<HTMLAnchorElement>('a[data-sign-in]')
  if (link) link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`
}

startPage()
