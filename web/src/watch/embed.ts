// The player inside another page. The link alone says what is seen: nothing here is done as
// anybody.
import { readMaybeNumber, readObject, readString } from '../api/parse'
import { problemOf, wasCancelled } from '../api/request'
import { fetchShareAsGuest, parseShare, type Share } from '../api/shares'
import { listenForKeys } from '../player/keys'
import { definePlayer, MwPlayer } from '../player/player'
import type { Fresh } from '../player/recovery'
import { need, setText } from '../ui/dom'
import { openKeep } from '../ui/kept'
import { makeCamera } from './camera'
import { makeStage } from './stage'

/**
 * How often a page asks for what is not ready. No stream of events: a page may hold many players,
 * and a browser six connections.
 */
const LOOK_MS = 5_000

function startPage(): void {
  const { signal } = new AbortController() // the page lives as long as its document
  const boot = readObject(JSON.parse(need('boot', HTMLElement).textContent ?? ''), 'boot')
  const token = readString(boot, 'token')
  const share = parseShare(boot.share)
  definePlayer()
  const player = document.querySelector('mw-player')
  if (!(player instanceof MwPlayer)) throw new Error('the page has no player')
  const announce = (sentence: string) => setText(need('announce', HTMLElement), sentence)
  const stage = makeStage(player, announce, signal)
  const camera = makeCamera(player, announce, signal)
  const show = (share: Share) => {
    stage.show(share)
    camera.show(share)
  }
  player.start(
    {
      keep: openKeep(),
      tab: openKeep('tab'),
      startMs: (readMaybeNumber(boot, 'start_s') ?? 0) * 1000,
      refresh: (during) => refresh(token, during),
      onPosition: () => undefined,
      onMark: () => undefined,
      onGone: stage.showGone,
      signal,
    },
    share,
  )
  show(share)
  listenForKeys((action) => action.at !== 'comment' && player.act(action), signal)
  if (!isDone(share)) lookAgain(token, show, stage.showGone, signal)
}

/** Nothing more is to come. */
function isDone(share: Share): boolean {
  return share.state === 'failed' || (share.sources.length > 0 && !share.improving)
}

function lookAgain(token: string, show: (share: Share) => void, showGone: () => void, signal: AbortSignal): void {
  const look = async () => {
    if (document.hidden) return void later()
    try {
      const share = await fetchShareAsGuest(token, signal)
      show(share)
      if (isDone(share)) return
    } catch (error) {
      if (wasCancelled(error)) return
      if (problemOf(error).at === 'gone') {
        showGone()
        return
      }
    }
    later()
  }
  const later = () => setTimeout(() => void look(), LOOK_MS)
  later()
}

async function refresh(token: string, signal: AbortSignal): Promise<Fresh> {
  try {
    return { at: 'media', media: await fetchShareAsGuest(token, signal) }
  } catch (error) {
    if (wasCancelled(error)) throw error
    return problemOf(error).at === 'gone' ? { at: 'gone' } : { at: 'offline' }
  }
}

startPage()
