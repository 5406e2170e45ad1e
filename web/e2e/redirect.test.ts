// Media directly from the storage, with addresses that expire after moments
// (MEANWHILE_MEDIA_DELIVERY=redirect). Viewers notice nothing of it, wherever they seek. Only with
// separate processes: a folder signs no addresses.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { newPerson, openBrowser, startMuted } from './browser'
import { clip, heavyPicture } from './clips'
import { leave, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let folder: string
let video: Begun
const lengthS = 50

beforeAll(async () => {
  program = await Program.start({ MEANWHILE_MEDIA_DELIVERY: 'redirect', MEANWHILE_MEDIA_ADDRESS_LIFE: '3s' })
  browser = await openBrowser()
  await setUpOwner(program, browser)
  const client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  // More than a browser reads ahead or keeps: every seek below needs bytes that are not loaded.
  const path = join(folder, 'heavy.mp4')
  await clip(path, lengthS, heavyPicture(20), 'size=1280x720:rate=10', ',noise=alls=30:allf=t')
  video = await client.upload(path)
  await client.reaches(video.videoId, 'ready')
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a file plays on past the end of its addresses, from wherever somebody jumps', async () => {
  const guest = await newPerson(browser)
  const page = await choosesTheFile(guest)
  const storage = listenTo(page)
  await page.goto(video.link)
  await play(page)
  await note(page)
  const jumps = [80, 20, 60, 0, 90]
  for (const percent of jumps) {
    await ended(storage)
    await jump(page, percent)
    await playsOn(page, (percent / 100) * lengthS)
  }
  await nothingWasNoticed(page, jumps)
  expect(storage.addresses('.mp4').size, 'addresses that were used').toBeGreaterThanOrEqual(jumps.length)
  expect(storage.addresses('.m4s'), 'less than the file').toEqual(new Set())
  await leave(guest)
})

test('who begins late, pauses and looks around sees every place, and plays on from there', async () => {
  const guest = await newPerson(browser)
  const page = await choosesTheFile(guest)
  const storage = listenTo(page)
  await page.goto(video.link)
  await note(page)
  await ended(storage)
  await page.keyboard.press('k')
  await playsOn(page, 8) // far beyond what came with the page
  await page.keyboard.press('k')
  await page.waitForFunction(() => document.querySelector('video')?.paused)
  const jumps = [80, 20, 60, 40, 90]
  for (const percent of jumps) {
    await ended(storage)
    await jump(page, percent)
    await page.waitForFunction(shows, (percent / 100) * lengthS, { timeout: 20_000 })
  }
  await ended(storage)
  await page.keyboard.press('k')
  await playsOn(page, 0.9 * lengthS)
  await nothingWasNoticed(page, jumps, 1)
  expect(storage.addresses('.mp4').size, 'addresses that were used').toBeGreaterThanOrEqual(jumps.length + 1)
  expect(storage.addresses('.m4s'), 'less than the file').toEqual(new Set())
  await leave(guest)
})

test('a stream plays on past the end of its addresses, from wherever somebody jumps', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const storage = listenTo(page)
  await page.goto(video.link)
  await play(page)
  const menu = page.getByRole('combobox', { name: 'Quality' })
  await menu.selectOption('480p')
  await page.waitForFunction(() => document.querySelector('video')?.currentSrc.startsWith('blob:'))
  await page.locator('h1').click() // away from the menu: keys are the player's
  await playsOn(page, 0)
  await note(page)
  const jumps = [90, 70, 0]
  for (const percent of jumps) {
    await ended(storage)
    await jump(page, percent)
    await playsOn(page, (percent / 100) * lengthS)
  }
  await nothingWasNoticed(page, jumps)
  expect(storage.addresses('.m4s').size, 'addresses that were used').toBeGreaterThanOrEqual(2)
  await leave(guest)
})

/**
 * A tab where the file's size was chosen earlier. On a machine that is slow for a moment, the
 * player would otherwise rightly switch to the stream.
 */
async function choosesTheFile(guest: BrowserContext): Promise<Page> {
  const page = await guest.newPage()
  await page.addInitScript(() => sessionStorage.setItem('meanwhile:quality', '720p'))
  return page
}

interface Storage {
  /** The last used address. */
  last(): string
  addresses(ending: string): Set<string>
}

/** A page's requests to the object storage. */
function listenTo(page: Page): Storage {
  const asked: string[] = []
  page.on('request', (request) => {
    if (signed(request.url())) asked.push(request.url())
  })
  return {
    last: () => asked.at(-1) ?? '',
    addresses: (ending) => new Set(asked.filter((address) => new URL(address).pathname.endsWith(ending))),
  }
}

function signed(address: string): boolean {
  return new URL(address).searchParams.has('X-Amz-Signature')
}

/** Waits until the storage refuses the page's address. */
async function ended(storage: Storage): Promise<void> {
  const status = async () => (await fetch(storage.last(), { headers: { Range: 'bytes=0-0' } })).status
  await expect.poll(status, { timeout: 20_000 }).toBe(403)
}

interface Notes {
  pauses: number
  messages: string[]
  samples: { atMs: number; positionMs: number; shownMs: number }[]
}

/** Records the player's messages, and every 50 ms its position. */
async function note(page: Page): Promise<void> {
  // the controls load after the video
  await page.locator('media-time-range').waitFor({ state: 'attached' })
  await page.evaluate(() => {
    const player = document.querySelector('mw-player') as (HTMLElement & { positionMs: number }) | null
    const range = document.querySelector('media-time-range')
    if (!player || !range) throw new Error('no player')
    const notes: Notes = { pauses: 0, messages: [], samples: [] }
    player.addEventListener('pause', () => notes.pauses++, true)
    new MutationObserver(() => {
      const text = document.querySelector('.player-note')?.textContent
      if (text) notes.messages.push(text)
    }).observe(player, { childList: true, subtree: true, characterData: true })
    setInterval(() => {
      const shownMs = Number(range.getAttribute('mediacurrenttime') ?? 0) * 1000
      notes.samples.push({ atMs: performance.now(), positionMs: player.positionMs, shownMs })
    }, 50)
    Object.assign(window, { notes })
  })
}

/** No message, no pause, and no change of position except the seeks of the test, in their order. */
async function nothingWasNoticed(page: Page, jumps: number[], wanted = 0): Promise<void> {
  const { pauses, messages, samples } = await page.evaluate(() => (window as unknown as { notes: Notes }).notes)
  expect(messages).toEqual([])
  expect(pauses, 'pauses').toBe(wanted)
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.paused)).toBe(false)
  for (const of of ['positionMs', 'shownMs'] as const) {
    const open = jumps.map((percent) => percent * lengthS * 10)
    for (const [i, sample] of samples.entries()) {
      const earlier = samples[i - 1] ?? sample
      const moved = sample[of] - earlier[of]
      // a video reports its time four times a second, and rounds it in between
      if (moved > -100 && moved - (sample.atMs - earlier.atMs) < 1_000) continue
      expect(
        Math.abs(sample[of] - (open.shift() ?? Number.NaN)),
        `${of} from ${earlier[of]} to ${sample[of]}`,
      ).toBeLessThan(600)
    }
    expect(open, `jumps that ${of} shows nothing of`).toEqual([])
  }
}

async function play(page: Page): Promise<void> {
  await startMuted(page.locator('video'))
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.1, undefined, {
    timeout: 30_000,
  })
}

/** Seeks like people do, with a key. */
async function jump(page: Page, percent: number): Promise<void> {
  await page.keyboard.press(String(percent / 10))
}

async function playsOn(page: Page, fromS: number): Promise<void> {
  const gone = ([from]: number[]) => {
    const at = document.querySelector('video')?.currentTime ?? 0
    return from !== undefined && at > from + 1 && at < from + 20
  }
  await page.waitForFunction(gone, [fromS], { timeout: 20_000 })
}

/** Runs in the page: the picture of this position is shown. */
function shows(atS: number): boolean {
  const video = document.querySelector('video')
  if (!video || video.error || video.seeking) return false
  return video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && Math.abs(video.currentTime - atS) < 0.3
}
