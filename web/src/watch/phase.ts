// The player, or in its place an honest sentence of the same size.
import { reprocessVideo } from '../api/owner'
import { problemOf, wasCancelled } from '../api/request'
import type { SharedVideo } from '../api/shared-video'
import type { MwPlayer } from '../player/player'
import { make, makeButton, setText } from '../ui/dom'
import { type Gone, type Phase, phaseOf, wordsFor } from './phase-state'

type Waited = Exclude<Phase, { at: 'playable' }>

export interface StageView {
  show(shared: SharedVideo): void
  /** The link no longer lets this reader in. */
  showGone(how?: Gone): void
}

export function makePhaseView(player: MwPlayer, announce: (sentence: string) => void, signal: AbortSignal): StageView {
  let shown: Phase['at'] | undefined
  let waiting: Waiting | undefined
  let owner = false

  const wait = (phase: Waited, shared: SharedVideo | undefined) => {
    const words = wordsFor(phase, owner)
    if (!waiting || shown !== phase.at) {
      const { videoId, originalUrl } = shared ?? {}
      const repairable = phase.at === 'failed' && videoId !== undefined && originalUrl !== undefined
      const more = repairable ? makeRepair(originalUrl, () => void tryAgain(videoId, phase, shared)) : []
      if (phase.at === 'gone')
        more.push(
          make(
            'div',
            'row',
            makeButton('Load again', 'btn', () => location.reload()),
          ),
        )
      waiting = makeWaiting(more)
      player.clear()
      player.replaceChildren(waiting.element)
      if (shown !== undefined) announce(words.lead)
    }
    setText(waiting.lead, words.lead)
    setText(waiting.small, words.small)
    waiting.small.hidden = words.small === ''
    waiting.bar.hidden = words.progress === undefined
    if (words.progress !== undefined) waiting.bar.setAttribute('aria-label', words.progress)
    waiting.bar.value = 'percent' in phase ? phase.percent : 0
    shown = phase.at
  }

  // The view changes when the button is pressed, not when the response comes: by then the next try
  // may have failed already, and no event would follow.
  const tryAgain = async (videoId: string, failed: Waited, shared: SharedVideo | undefined) => {
    wait({ at: 'processing', percent: 0 }, shared)
    try {
      await reprocessVideo(videoId, signal)
    } catch (error) {
      if (wasCancelled(error)) return
      wait(failed, shared)
      const { sentence } = problemOf(error)
      if (waiting) {
        setText(waiting.small, sentence)
        waiting.small.hidden = false
      }
      announce(sentence)
    }
  }

  return {
    show(shared) {
      owner = shared.owner
      const phase = phaseOf(shared)
      if (shared.width > 0 && shared.height > 0) {
        player.style.setProperty('--w', String(shared.width))
        player.style.setProperty('--h', String(shared.height))
      }
      if (phase.at !== 'playable') {
        // A working player stays, even if a later pass of processing has nothing to add yet.
        if (!player.ready) wait(phase, shared)
        return
      }
      if (shown !== undefined && shown !== 'playable') announce('The video can be played now')
      shown = 'playable'
      waiting = undefined
      player.offer(shared)
    },
    showGone(how = 'gone') {
      if (shown === 'trashed') return // its owner knows already
      wait({ at: how }, undefined)
    },
  }
}

interface Waiting {
  element: HTMLElement
  lead: HTMLElement
  bar: HTMLProgressElement
  small: HTMLElement
}

function makeWaiting(more: HTMLElement[]): Waiting {
  const lead = make('p', 'lead')
  const bar = make('progress')
  bar.max = 100
  const small = make('p', 'small')
  return { element: make('div', 'waiting', lead, bar, small, ...more), lead, bar, small }
}

/** What an owner can do after a failure, if the upload was complete. */
function makeRepair(originalUrl: string, tryAgain: () => void): HTMLElement[] {
  const original = make('a', 'btn', 'Download the original')
  original.href = originalUrl
  original.download = ''
  return [make('div', 'row', makeButton('Try again', 'btn primary', tryAgain), original)]
}
