// The player inside another page. Only the link decides what is visible: nothing here uses a
// session.
import { readMaybeNumber, readObject, readString } from '../api/parse'
import { problemOf, wasCancelled } from '../api/request'
import { fetchSharedVideoAsGuest, parseSharedVideo, type SharedVideo } from '../api/shared-video'
import { listenForKeys } from '../player/keys'
import { definePlayer, MwPlayer } from '../player/player'
import type { Fresh } from '../player/recovery'
import { need, setText } from '../ui/dom'
import { openSafeStorage } from '../ui/safe-storage'
import { makeCamera } from './camera'
import { makePhaseView } from './phase'

/**
 * How often a page asks while the video is not ready. There is no event stream: a page may have
 * many players, and a browser has six connections.
 */
const LOOK_MS = 5_000

function startPage(): void {
  const { signal } = new AbortController() // the page lives as long as its document
  const boot = readObject(JSON.parse(need('boot', HTMLElement).textContent ?? ''), 'boot')
  const token = readString(boot, 'token')
  const shared = parseSharedVideo(boot.share)
  definePlayer()
  const player = document.querySelector('mw-player')
  if (!(player instanceof MwPlayer)) throw new Error('the page has no player')
  const announce = (sentence: string) => setText(need('announce', HTMLElement), sentence)
  const phase = makePhaseView(player, announce, signal)
  const camera = makeCamera(player, announce, signal)
  const show = (shared: SharedVideo) => {
    phase.show(shared)
    camera.show(shared)
  }
  player.start(
    {
      keep: openSafeStorage(),
      tab: openSafeStorage('tab'),
      startMs: (readMaybeNumber(boot, 'start_s') ?? 0) * 1000,
      refresh: (during) => refresh(token, during),
      onPosition: () => undefined,
      onMark: () => undefined,
      onGone: phase.showGone,
      signal,
    },
    shared,
  )
  show(shared)
  listenForKeys((action) => action.at !== 'comment' && player.act(action), signal)
  if (!isDone(shared)) refreshLater(token, show, phase.showGone, signal)
}

/** Nothing more will change. */
function isDone(shared: SharedVideo): boolean {
  return shared.state === 'failed' || (shared.sources.length > 0 && !shared.improving)
}

function refreshLater(
  token: string,
  show: (shared: SharedVideo) => void,
  showGone: () => void,
  signal: AbortSignal,
): void {
  const refresh = async () => {
    if (document.hidden) return void later()
    try {
      const shared = await fetchSharedVideoAsGuest(token, signal)
      show(shared)
      if (isDone(shared)) return
    } catch (error) {
      if (wasCancelled(error)) return
      if (problemOf(error).at === 'gone') {
        showGone()
        return
      }
    }
    later()
  }
  const later = () => setTimeout(() => void refresh(), LOOK_MS)
  later()
}

async function refresh(token: string, signal: AbortSignal): Promise<Fresh> {
  try {
    return { at: 'media', media: await fetchSharedVideoAsGuest(token, signal) }
  } catch (error) {
    if (wasCancelled(error)) throw error
    return problemOf(error).at === 'gone' ? { at: 'gone' } : { at: 'offline' }
  }
}

startPage()
