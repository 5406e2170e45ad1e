// The news of the site. All tabs of a browser share one stream of server-sent events: the visible
// tab that holds the lock has it, and hands on what it hears. Without locks, each visible tab has a
// stream. There is none while nobody looks.
import { newBackoff } from './retry'
import { namesToAsk, nextRole, type Role, type Turn, type Wants } from './tabs'

/** How long hidden tabs keep a stream. */
const lingerMs = 60_000

/** Tabs that open or are shown together get one new stream. */
const gatherMs = 50

/** How long a page waits before it asks again. */
export const newsRetryMs = newBackoff({ firstMs: 1_000, longestMs: 30_000, factor: 1.5, jitter: [0.75, 1.25] })

export type StreamState = 'open' | 'lost'

export interface NewsHandlers {
  onEvent(name: string, data: unknown): void
  /** After 'open', nothing is missed. Before each one, something may have been. */
  onState(state: StreamState): void
  /** It has ended for this reader. Nothing follows, and nothing more is asked. */
  onGone(): void
}

interface Following {
  name: string
  handlers: NewsHandlers
}

/** What tabs tell one another. */
type Message =
  | { at: 'wants'; tab: string; wants: Wants; anew: boolean }
  | { at: 'left'; tab: string }
  | { at: 'who' } // the leader asks what the others want
  | { at: 'state'; state: StreamState; names: readonly string[] }
  | { at: 'event'; event: string; share: string; data: unknown }

const followings = new Set<Following>()
const others = new Map<string, Wants>()
let me = ''
let channel: BroadcastChannel | undefined
let alone = true
let role: Role = 'away'
let unlock = () => {}
let source: EventSource | undefined
// stay until source is open, so that nothing is missed; with what each was asked for
let replaced: { stream: EventSource; names: string[] }[] = []
let asked: string[] = [] // what source was asked for and has not ended
let isStale = false // a tab wants the whole state, so that a new stream is needed
let isCalling = false // the others were asked what they want, and are answering
let gathering: ReturnType<typeof setTimeout> | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let linger: ReturnType<typeof setTimeout> | undefined
let attempt = 0
let isRunning = false

/** Follows a link by its token, or one's own videos as "me", until signal fires. */
export function follow(name: string, handlers: NewsHandlers, signal: AbortSignal): void {
  if (signal.aborted) return
  const following = { name, handlers }
  followings.add(following)
  signal.addEventListener('abort', () => {
    if (followings.delete(following)) tellWants(false)
  })
  if (isRunning) tellWants(true)
  else {
    isRunning = true
    document.addEventListener('visibilitychange', () => (isVisible() ? show() : step('hidden')))
    // a stream of the old network may look open but be dead: nothing would report it
    addEventListener('online', askAnew)
    addEventListener('pageshow', (event) => event.persisted && arrive())
    // an open stream, channel or lock would keep the page out of the back-forward cache
    addEventListener('pagehide', leave)
    arrive()
  }
}

const isVisible = () => document.visibilityState === 'visible'

function arrive(): void {
  alone = !(navigator.locks && window.BroadcastChannel)
  if (!alone) {
    me ||= crypto.randomUUID()
    channel = new BroadcastChannel('events')
    channel.onmessage = (event: MessageEvent<Message>) => hear(event.data)
  }
  if (isVisible()) show()
  else tellWants(false)
}

function show(): void {
  step('shown')
  askAnew()
}

/** askAnew asks for the whole state: what happened meanwhile was perhaps not heard. */
const askAnew = () => tellWants(true)

function leave(): void {
  channel?.postMessage({ at: 'left', tab: me } satisfies Message)
  step('left')
  channel?.close()
  channel = undefined
  others.clear()
}

/** step goes to the next role, and does what that asks for. */
function step(turn: Turn): void {
  const before = role
  role = nextRole(role, turn, alone)
  if (turn === 'hidden') tellWants(false)
  if (turn === 'replaced' && role !== 'leading') close()
  if (role === before) return
  clearTimeout(linger)
  if (role === 'lingering' || role === 'away') unlock()
  switch (role) {
    case 'waiting':
      wait()
      break
    case 'leading':
      gather(true)
      break
    case 'lingering':
      linger = setTimeout(() => step('rested'), lingerMs)
      break
    case 'away':
      close()
      break
    default:
      role satisfies never
  }
}

/** wait asks for the lock. unlock gives it back, or stops waiting. */
function wait(): void {
  const waiting = new AbortController()
  unlock = () => waiting.abort()
  const hold = () =>
    new Promise<void>((release) => {
      if (waiting.signal.aborted) return release()
      unlock = release
      step('locked')
    })
  navigator.locks.request('events', { signal: waiting.signal }, hold).catch(() => {
    if (waiting.signal.aborted) return
    alone = true // the browser forbids it
    channel?.close()
    channel = undefined
    step('shown')
  })
}

const wants = (): Wants => ({ names: [...followings].map((f) => f.name), visible: isVisible() })

/** tellWants says what this tab follows. anew asks for the state of it all. */
function tellWants(anew: boolean): void {
  tell({ at: 'wants', tab: me, wants: wants(), anew })
  gather(anew)
}

function tell(message: Message): void {
  channel?.postMessage(message)
}

function hear(message: Message): void {
  switch (message.at) {
    case 'wants':
      gather(message.anew)
      others.set(message.tab, message.wants)
      break
    case 'left':
      others.delete(message.tab)
      gather(false)
      break
    case 'who':
      tell({ at: 'wants', tab: me, wants: wants(), anew: false })
      break
    case 'state':
      if (message.state === 'open') step('replaced')
      deliver(message)
      break
    case 'event':
      deliver(message)
      break
    default:
      message satisfies never // of another version of this script
  }
}

/** share hands a message to all tabs, this one included. */
function share(message: Message & { at: 'state' | 'event' }): void {
  tell(message)
  deliver(message)
}

function deliver(message: Message & { at: 'state' | 'event' }): void {
  let hasEnded = false
  for (const following of [...followings]) {
    const { name, handlers } = following
    if (message.at === 'state') {
      if (message.names.includes(name)) handlers.onState(message.state)
    } else if (message.share === name) {
      if (message.event !== 'gone') handlers.onEvent(message.event, message.data)
      else {
        followings.delete(following)
        hasEnded = true
        handlers.onGone()
      }
    }
  }
  if (hasEnded) tellWants(false)
}

/**
 * gather lets the leader look soon whether its stream asks for the right things. Before a new
 * stream it asks all tabs again: one that was killed did not say that it left.
 */
function gather(anew: boolean): void {
  isStale ||= anew
  if (role !== 'leading') return
  if (anew && !isCalling) {
    isCalling = true
    clearTimeout(gathering)
    gathering = undefined
    others.clear()
    tell({ at: 'who' })
  }
  if (gathering !== undefined) return
  gathering = setTimeout(() => {
    gathering = undefined
    isCalling = false
    if (role === 'leading') ask()
  }, gatherMs)
}

function ask(): void {
  const names = namesToAsk([wants(), ...others.values()])
  if (names.length === 0) close()
  else if (isStale || names.some((name) => !asked.includes(name))) open(names)
}

function open(names: string[]): void {
  clearTimeout(retry)
  if (source) replaced.push({ stream: source, names: asked })
  const stream = new EventSource(`/api/v1/events?shares=${names.map(encodeURIComponent).join(',')}`)
  source = stream
  asked = names
  isStale = false
  stream.addEventListener('open', () => {
    if (stream !== source) return
    closeReplaced()
    attempt = 0
    share({ at: 'state', state: 'open', names })
  })
  stream.addEventListener('error', () => {
    // A browser would ask again itself, but also for what has ended.
    stream.close()
    if (stream !== source) return
    const kept = goBack()
    share({ at: 'state', state: 'lost', names: names.filter((name) => !kept.includes(name)) })
    isStale = true
    retry = setTimeout(() => role !== 'away' && ask(), newsRetryMs(++attempt, Math.random()))
  })
  for (const event of ['video', 'comment', 'gone'])
    stream.addEventListener(event, (message) => {
      const data = parseData(message)
      if (data === undefined) return
      if (event === 'gone') {
        if (stream !== source) return // the newer one may see it
        forget(data.share)
      }
      share({ at: 'event', event, share: data.share, data })
      if (asked.length === 0) close() // the server ends the stream
    })
}

/** forget makes sure that nobody asks for an ended link again, a tab that sleeps included. */
function forget(ended: string): void {
  const without = (names: readonly string[]) => names.filter((name) => name !== ended)
  asked = without(asked)
  for (const [tab, { names, visible }] of others) others.set(tab, { names: without(names), visible })
}

/**
 * goBack makes the newest stream that still works the source again, if source was refused. It
 * returns what that one was asked for.
 */
function goBack(): string[] {
  const working = replaced.findLast(({ stream }) => stream.readyState === EventSource.OPEN)
  replaced = replaced.filter((one) => one !== working)
  source = undefined
  close()
  source = working?.stream
  asked = working?.names ?? []
  return asked
}

function closeReplaced(): void {
  for (const { stream } of replaced) stream.close()
  replaced = []
}

function close(): void {
  clearTimeout(retry)
  closeReplaced()
  source?.close()
  source = undefined
  asked = []
}

function parseData(event: Event): { share: string } | undefined {
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return undefined
  try {
    const data: unknown = JSON.parse(event.data)
    return typeof data === 'object' && data !== null && 'share' in data && typeof data.share === 'string'
      ? { ...data, share: data.share }
      : undefined
  } catch {
    return undefined // half an event: the next one, or the new stream, brings the same news
  }
}
