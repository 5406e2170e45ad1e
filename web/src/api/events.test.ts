// One tab's stream, with the browser in fakes. What tabs are for one another is proved in
// tabs.test.ts and in e2e.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { NewsHandlers } from './events'

class FakeStream extends EventTarget {
  static readonly OPEN = 1
  static all: FakeStream[] = []
  readyState = 0

  constructor(readonly url: string) {
    super()
    FakeStream.all.push(this)
  }

  get names(): string[] {
    return new URL(this.url, 'http://localhost').searchParams.get('shares')?.split(',') ?? []
  }

  close(): void {
    this.readyState = 2
  }

  opens(): void {
    this.readyState = FakeStream.OPEN
    this.dispatchEvent(new Event('open'))
  }

  fails(): void {
    this.dispatchEvent(new Event('error'))
  }

  tells(share: string): void {
    this.dispatchEvent(new MessageEvent('comment', { data: JSON.stringify({ share }) }))
  }
}

/** The channel that this tab listens at; said is what it told the other tabs. */
class FakeChannel {
  static said: { at: string }[] = []
  static hears: (data: unknown) => void
  set onmessage(hear: (event: { data: unknown }) => void) {
    FakeChannel.hears = (data) => hear({ data })
  }
  postMessage(data: { at: string }): void {
    FakeChannel.said.push(data)
  }
  close(): void {}
}

const locks = {
  request: (_name: string, _options: unknown, work: () => Promise<void>) => Promise.resolve().then(work),
}
let page: AbortController
let window: EventTarget

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetModules()
  FakeStream.all = []
  FakeChannel.said = []
  page = new AbortController()
  window = new EventTarget()
  vi.stubGlobal('EventSource', FakeStream)
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  vi.stubGlobal('window', { BroadcastChannel: FakeChannel })
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
  vi.stubGlobal('navigator', { locks })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Follows a name in a tab that leads, and returns what it hears. */
async function followed(name: string): Promise<string[]> {
  const heard: string[] = []
  const handlers: NewsHandlers = {
    onEvent: (event) => heard.push(event),
    onState: (state) => heard.push(state),
    onGone: () => heard.push('gone'),
  }
  const { follow } = await import('./events')
  follow(name, handlers, page.signal)
  await vi.advanceTimersByTimeAsync(100)
  return heard
}

const wants = (tab: string, ...names: string[]) => ({ at: 'wants', tab, wants: { names, visible: false }, anew: false })
const latest = (): FakeStream => FakeStream.all.at(-1) as FakeStream

test('a new stream that is refused leaves the old one, and is asked for again', async () => {
  const heard = await followed('a')
  const [old] = FakeStream.all
  old?.opens()
  window.dispatchEvent(new Event('online'))
  await vi.advanceTimersByTimeAsync(100)
  expect(FakeStream.all.length).toBe(2)
  latest().fails()
  expect(old?.readyState).toBe(FakeStream.OPEN)
  old?.tells('a')
  expect(heard).toEqual(['open', 'comment'])

  await vi.advanceTimersByTimeAsync(2000)
  expect(FakeStream.all.length).toBe(3)
  latest().opens()
  expect(old?.readyState, 'the old one').toBe(2)
  expect(heard).toEqual(['open', 'comment', 'open'])
})

test('where the old stream has ended as well, or lacks a name, its followers hear that it is lost', async () => {
  const first = await followed('a')
  latest().opens()
  const [old] = FakeStream.all
  const second = await followed('b')
  latest().fails()
  expect(old?.readyState).toBe(FakeStream.OPEN)
  expect([first, second]).toEqual([['open'], ['lost']])
  await vi.advanceTimersByTimeAsync(2000)
  old?.fails()
  latest().fails()
  expect([first, second]).toEqual([
    ['open', 'lost'],
    ['lost', 'lost'],
  ])
})

test('a tab that does not answer any more is not asked for', async () => {
  await followed('mine')
  FakeChannel.hears(wants('dead', 'left behind'))
  FakeChannel.hears(wants('alive', 'wanted'))
  await vi.advanceTimersByTimeAsync(100)
  expect(latest().names).toEqual(['mine', 'left behind', 'wanted'])
  latest().opens()

  FakeChannel.said = []
  FakeChannel.hears({ ...wants('new', 'fresh'), anew: true })
  expect(FakeChannel.said).toContainEqual({ at: 'who' })
  FakeChannel.hears(wants('alive', 'wanted'))
  await vi.advanceTimersByTimeAsync(100)
  expect(latest().names).toEqual(['mine', 'fresh', 'wanted'])
})

test('the stream waits for the answers, even if it was about to be asked for', async () => {
  await followed('mine')
  FakeChannel.hears(wants('alive', 'wanted'))
  await vi.advanceTimersByTimeAsync(40)
  FakeChannel.hears({ ...wants('new', 'fresh'), anew: true })
  await vi.advanceTimersByTimeAsync(40)
  FakeChannel.hears(wants('alive', 'wanted'))
  await vi.advanceTimersByTimeAsync(100)
  expect(FakeStream.all.map(({ names }) => names)).toEqual([['mine'], ['mine', 'fresh', 'wanted']])
})

test('who is not in a new stream for a while asks for the whole state afterwards', async () => {
  const heard = await followed('mine')
  FakeChannel.hears({ at: 'state', state: 'open', names: ['mine'] })
  FakeChannel.hears({ at: 'state', state: 'open', names: ['other'] })
  FakeChannel.hears({ at: 'state', state: 'open', names: ['other', 'mine'] })
  expect(heard).toEqual(['open', 'open'])
})
