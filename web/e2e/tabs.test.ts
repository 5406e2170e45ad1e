// Many tabs of one browser. Over HTTP/1.1 it opens six connections at most, and one of its tabs
// records.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { clip, heavyPicture } from './clips'
import { openChromium, reads, signIn, start, stop } from './desktop'
import { inspect } from './recorder'
import { Studio } from './studio'
import { Wire } from './wire'

/** How long a person waits for a page before it looks broken. */
const patienceMs = 15_000

let studio: Studio
let folder: string
let wire: Wire
let browser: Browser | undefined
/** Two updates that wait for their bytes, and one whose file is larger than any buffer. */
let waiting: string
let other: string
let large: string

beforeAll(async () => {
  studio = await Studio.open()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-tabs-'))
  waiting = (await studio.client.begin('first.mp4', 1000)).link
  other = (await studio.client.begin('second.mp4', 1000)).link
  const path = join(folder, 'large.mp4')
  const noisy = await studio.client.upload(
    await clip(path, 20, heavyPicture(60), 'size=640x360:rate=30', ',noise=alls=40:allf=t'),
  )
  await studio.client.reaches(noisy.videoId, 'ready')
  large = noisy.link
  wire = await Wire.to(studio.program.base)
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${wire.requests.slice(-60).join('\n')}\n`)
  await browser?.close()
})
afterAll(async () => {
  await wire?.close()
  await studio?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** A browser as on a desktop, whose hidden tabs are hidden, at the other end of the wire. */
async function openTabs(name: string, isPrivate: boolean, before?: () => void) {
  browser = await openChromium(join(studio.folder, name), studio.devices.flags)
  const context = isPrivate ? await browser.createBrowserContext() : browser.defaultBrowserContext()
  await context.overridePermissions(wire.base, ['camera', 'microphone', 'clipboard-write', 'clipboard-read'])
  return (where: string, type: 'tab' | 'window' = 'tab') => openTab(context, where, type, before)
}

async function openTab(
  context: BrowserContext,
  where: string,
  type: 'tab' | 'window',
  before?: () => void,
): Promise<Page> {
  const page = await context.newPage(
    type === 'window' ? { type, windowBounds: { width: 1000, height: 700 } } : { type },
  )
  if (before) await page.evaluateOnNewDocument(before)
  await page.goto(new URL(new URL(where, wire.base).pathname, wire.base).href, {
    waitUntil: 'domcontentloaded',
    timeout: patienceMs,
  })
  return page
}

/** Waits until the page's scripts run. */
const isAlive = (page: Page) => page.waitForSelector('mw-player:defined', { timeout: patienceMs })

async function isVisible(page: Page): Promise<boolean> {
  return page.evaluate(() => document.visibilityState === 'visible')
}

async function say(page: Page, words: string): Promise<void> {
  await page.type('#composer textarea', words)
  await page.click('#composer button.primary')
}

const hears = (page: Page, words: string) => reads(page, '#list', words, patienceMs)

function withoutLocks(): void {
  Object.defineProperty(navigator, 'locks', { value: undefined })
}

test.each([
  { name: 'a window', isPrivate: false, before: undefined, streams: 1 },
  { name: 'a private window', isPrivate: true, before: undefined, streams: 1 },
  { name: 'a browser without locks', isPrivate: false, before: withoutLocks, streams: 3 },
])('twelve tabs open and stay up to date in $name while it records', async ({ name, isPrivate, before, streams }) => {
  const open = await openTabs(name, isPrivate, before)
  const recorder = await open('/login')
  await signIn(wire, recorder)
  await recorder.goto(`${wire.base}/record`)
  await start(recorder, 'camera')
  await recorder.evaluate(() => {
    const seen = new Set<string>()
    new MutationObserver(() => {
      if (document.body.textContent?.includes('No connection')) seen.add('No connection')
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
    Object.assign(window, { seen })
  })

  const tabs: Page[] = []
  for (const link of [waiting, ...Array.from({ length: 7 }, () => large), other]) {
    const page = await open(link)
    await isAlive(page)
    tabs.push(page)
  }
  const library = await open('/')
  await library.waitForSelector('[data-video]', { timeout: patienceMs })
  const one = await open(waiting, 'window')
  const two = await open(waiting, 'window')
  for (const page of [one, two]) await isAlive(page)
  const all = [...tabs, library, one, two]
  expect(all).toHaveLength(12)
  expect(await Promise.all(all.map(isVisible)), 'what is seen: the last tab, and two windows').toEqual([
    ...tabs.map(() => false),
    true,
    true,
    true,
  ])
  await expect.poll(() => wire.streams, { message: 'streams of events' }).toBe(streams)

  // a comment appears in all that are seen
  await say(one, 'Said in one window')
  await Promise.all([hears(one, 'Said in one window'), hears(two, 'Said in one window')])
  // the window that led is closed, and another one goes on
  await one.close()
  await studio.client.comment(waiting, 'Said after a window was closed')
  await hears(two, 'Said after a window was closed')
  // a tab that is looked at again has what was said meanwhile
  const [first] = tabs as [Page]
  await first.bringToFront()
  await hears(first, 'Said after a window was closed')
  await studio.client.comment(waiting, 'Said to those who look')
  await Promise.all([hears(first, 'Said to those who look'), hears(two, 'Said to those who look')])
  // so has the library
  await library.bringToFront()
  const { id } = await studio.client.byLink(other)
  await studio.client.rename(id, `Renamed in ${name}`)
  await reads(library, `[data-video="${id}"]`, `Renamed in ${name}`, patienceMs)

  await recorder.bringToFront()
  const link = await stop(recorder)
  expect(await recorder.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen])).toEqual([])
  const file = await inspect(await studio.original(link))
  expect(file.kinds).toEqual(['audio', 'video'])
  expect(wire.mostConnections).toBeLessThanOrEqual(6)
})

test('nobody asks for a link that has ended', async () => {
  const open = await openTabs('ended', false)
  const gone = await studio.client.begin('soon-gone.mp4', 1000)
  const ended = await open(gone.link)
  await isAlive(ended)
  const followed = await open(waiting)
  await isAlive(followed)
  await studio.client.trash(gone.videoId)
  await reads(ended, '.waiting .lead', 'This link has ended', patienceMs)
  await ended.bringToFront()

  const before = wire.requests.length
  const later = () => wire.requests.slice(before)
  for (const words of ['Said after the end', 'Said later']) {
    wire.cut() // whoever follows something asks anew
    wire.restore()
    await followed.bringToFront()
    await studio.client.comment(waiting, words)
    await hears(followed, words)
    await ended.bringToFront()
  }
  expect(later().filter((path) => path.includes(basename(waiting))).length).toBeGreaterThan(0)
  expect(later().filter((path) => path.includes(basename(gone.link)))).toEqual([])
})
