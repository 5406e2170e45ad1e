// What a player knows, and what it should play by that. Pure, so that every way through it can be
// tested without a browser.
import { type Attempts, attemptsAt, newAttempts } from './recovery'
import { AUTO, choosePlan, type Plan, type Rendition, type Screen, samePlan } from './renditions'
import { areCopies, liesAsRecorded, type Media, placeOf, samePlaces, withGrantOf } from './sources'

/** A video as the server describes it to a player. */
export interface Playback extends Media {
  poster: string | undefined
  storyboard: string | undefined
  title: string
  durationMs: number // 0 while unknown
}

/**
 * What the viewer wants. idle: they have neither played nor jumped. hidden: it played, and the
 * browser paused it because the tab is hidden.
 */
export type Intent = 'idle' | 'play' | 'pause' | 'hidden'

/**
 * How the bytes come. starving: a stream has come to where nothing follows. failed: the player gave
 * up.
 */
export type Flow = 'flowing' | 'starving' | 'recovering' | 'failed'

/**
 * When a stream is played. optional: when there is no file, or a viewer selects its quality.
 * preferred: the link is too slow for the file. unplayable: none could be played here.
 */
export type Streaming = 'optional' | 'preferred' | 'unplayable'

export interface PlayerState {
  readonly playback: Playback | undefined
  readonly renditions: readonly Rendition[]
  readonly renditionsOf: string // the place of the list that they came from
  readonly selectedQuality: string
  readonly screen: Screen
  readonly intent: Intent
  readonly flow: Flow
  readonly streaming: Streaming
  readonly attempts: Attempts
  /** What plays. A new object means: load it. */
  readonly plan: Plan | undefined
}

export type PlayerEvent =
  /** A video element is there; playingUrl is what the page's HTML began to load in it. */
  | { type: 'began'; playback: Playback; playingUrl: string }
  | { type: 'cleared' }
  /** The server describes the video anew. */
  | { type: 'offered'; playback: Playback }
  | { type: 'plan-wanted' }
  | { type: 'renditions-read'; url: string; renditions: readonly Rendition[] }
  | { type: 'quality-selected'; name: string }
  | { type: 'sought' }
  | { type: 'played' }
  /** hidden: the browser did it, in a hidden tab. loading: a source that is on its way did it. */
  | { type: 'paused'; hidden: boolean; loading: boolean }
  | { type: 'shown' }
  | { type: 'flowed' }
  | { type: 'starved' }
  | { type: 'link-too-slow' }
  | { type: 'stream-failed' }
  | { type: 'source-failed'; atMs: number }
  /** The server was asked for new addresses; attempts is missing where the page goes away. */
  | { type: 'recovery-ended'; attempts?: Attempts }
  | { type: 'gave-up' }
  | { type: 'retried' }
  /** New addresses of the same media. inPlace: the stream that plays takes them by itself. */
  | { type: 'renewed'; media: Media; inPlace: boolean }

const nothing: Media = { sources: [], hls: undefined }

export const newPlayerState: PlayerState = {
  playback: undefined,
  renditions: [],
  renditionsOf: '',
  selectedQuality: AUTO,
  screen: { width: 0, height: 0 },
  intent: 'idle',
  flow: 'flowing',
  streaming: 'optional',
  attempts: newAttempts(nothing),
  plan: undefined,
}

/** Returns the state after the event. */
export function reduce(s: PlayerState, e: PlayerEvent): PlayerState {
  switch (e.type) {
    case 'began':
      return { ...s, playback: e.playback, attempts: newAttempts(e.playback), plan: planOf(e.playback, e.playingUrl) }
    case 'cleared':
      return { ...s, playback: undefined, plan: undefined }
    case 'offered':
      return takesOffer(s, e.playback) ? replan({ ...s, playback: e.playback }) : { ...s, playback: e.playback }
    case 'plan-wanted':
      return replan(s)
    case 'renditions-read':
      return e.renditions.length > 0 ? { ...s, renditions: e.renditions, renditionsOf: placeOf(e.url) } : s
    case 'quality-selected':
      return replan({ ...touched(s), selectedQuality: e.name })
    case 'sought':
      return touched(s)
    case 'played':
      return { ...touched(s), intent: 'play' }
    case 'paused':
      return { ...s, intent: intentAfterPause(s, e.hidden, e.loading) }
    case 'shown':
      return s.intent === 'hidden' ? { ...s, intent: 'play' } : s
    case 'flowed':
      return { ...flowsAgain(s), attempts: newAttempts(s.playback ?? nothing) }
    case 'starved': {
      if (s.plan?.at !== 'stream' || s.flow === 'recovering') return s
      const starving: PlayerState = { ...s, flow: 'starving' }
      return s.selectedQuality === AUTO ? replan(starving) : starving
    }
    case 'link-too-slow':
      return replan({ ...s, streaming: 'preferred' })
    case 'stream-failed':
      return withoutStreams(s)
    case 'source-failed':
      return { ...s, flow: 'recovering', attempts: attemptsAt(s.attempts, e.atMs) }
    case 'recovery-ended': {
      const ended: PlayerState = s.flow === 'recovering' ? { ...s, flow: 'flowing' } : s
      return e.attempts ? { ...ended, attempts: e.attempts } : ended
    }
    case 'gave-up': {
      const left = s.plan?.at === 'stream' ? withoutStreams(s) : s
      return left.plan === s.plan ? { ...left, flow: 'failed' } : left
    }
    case 'retried':
      return { ...touched(s), intent: 'play', attempts: newAttempts(nothing) }
    case 'renewed':
      return renewed(s, e.media, e.inPlace)
    default:
      return never(e)
  }
}

/** What should play by now; undefined before there is anything to play. */
export function planFor(s: PlayerState): Plan | undefined {
  if (!s.playback) return undefined
  return choosePlan(s.playback, s.renditions, s.selectedQuality, s.streaming === 'preferred', s.screen)
}

/** The list of renditions that has to be read before their sizes can be chosen. */
export function missingRenditions({ playback, renditionsOf }: PlayerState): string | undefined {
  const url = playback?.hls
  return url === undefined || renditionsOf === placeOf(url) || liesAsRecorded(url) ? undefined : url
}

/** Reports whether a link that is too slow for the file would be left for the stream. */
export function mayLeaveFile({ plan, selectedQuality, playback, streaming }: PlayerState): boolean {
  return plan?.at === 'files' && selectedQuality === AUTO && playback?.hls !== undefined && streaming !== 'unplayable'
}

/** Reports whether a pause of the stream may mean that only a file goes on. */
export function mayStarve({ plan, streaming }: PlayerState): boolean {
  return plan?.at === 'stream' && streaming !== 'preferred'
}

/** What the page's HTML plays already is not loaded again. */
function planOf(playback: Playback, playingUrl: string): Plan | undefined {
  const playing = playback.sources.find(({ url }) => placeOf(url) === placeOf(playingUrl || 'about:blank'))
  return playing && { at: 'files', sources: [playing] }
}

/**
 * A better offer is taken before anybody has played, or where what plays does not go on. Else it
 * only changes what can be chosen.
 */
function takesOffer(s: PlayerState, offer: Playback): boolean {
  const before = s.playback?.sources ?? []
  const isBetter = !samePlaces(before, offer.sources) && !areCopies(before, offer.sources)
  const isFree = s.intent === 'idle' || s.flow === 'starving' || s.flow === 'failed'
  return isBetter && isFree && s.flow !== 'recovering'
}

function replan(s: PlayerState): PlayerState {
  const plan = planFor(s)
  return !plan || (s.plan && samePlan(s.plan, plan)) ? s : { ...s, plan }
}

/** No stream can be played, now or here: what is left are the files. */
function withoutStreams(s: PlayerState): PlayerState {
  const selectedQuality = s.plan?.at === 'stream' ? AUTO : s.selectedQuality
  return replan({ ...s, streaming: 'unplayable', selectedQuality })
}

function renewed(s: PlayerState, media: Media, inPlace: boolean): PlayerState {
  if (!s.playback) return s
  const playback = { ...s.playback, ...media }
  if (inPlace) return { ...s, playback }
  const renditions = s.renditions.map((r) => ({ ...r, url: withGrantOf(r.url, media.hls ?? r.url) }))
  return replan({ ...s, playback, renditions, plan: undefined })
}

function intentAfterPause({ intent, flow }: PlayerState, hidden: boolean, loading: boolean): Intent {
  if (hidden) return 'hidden'
  if (!loading && flow !== 'recovering') return 'pause'
  return intent === 'hidden' ? 'play' : intent
}

function touched(s: PlayerState): PlayerState {
  return { ...s, intent: s.intent === 'idle' ? 'pause' : s.intent, flow: s.flow === 'failed' ? 'flowing' : s.flow }
}

function flowsAgain(s: PlayerState): PlayerState {
  return s.flow === 'starving' ? { ...s, flow: 'flowing' } : s
}

function never(value: never): never {
  throw new Error(`unknown event ${JSON.stringify(value)}`)
}
