// What plays on which connection: the file first, a smaller size if the connection is too slow, and
// the chosen one. One noisy clip for all tests.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { expectAccessible, newPerson, openBrowser, shoot, startMuted } from './browser'
import { noisyClip } from './clips'
import { networkOf } from './network'
import { leave, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let folder: string
let client: Client
let noisy: Begun
const lengthS = 12

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  noisy = await client.upload(await noisyClip(join(folder, 'noisy.mp4'), lengthS))
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a page that was opened before the smaller versions takes them in while it plays on', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(noisy.link)
  await page.locator('video').waitFor({ timeout: 30_000 })
  await play(page)
  let navigations = 0
  page.on('framenavigated', () => navigations++)
  await note(page)
  const menu = page.getByRole('combobox', { name: 'Quality' })
  expect(await menu.count(), 'a menu before there is a choice').toBe(0)
  await page.locator('video').evaluate((v: HTMLVideoElement) => {
    v.loop = true
  })
  await menu.waitFor({ timeout: 90_000 })
  const notes = await notesOf(page)
  expect(notes.events.filter((event) => event.name === 'loadstart')).toEqual([])
  expect(await sourceOf(page)).toBe('copy.mp4')
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.paused)).toBe(false)
  expect(navigations).toBe(0)
  await client.reaches(noisy.videoId, 'ready')
  await leave(guest)
})

test('a link that cannot carry the file goes on from there with less, and through an ended grant', async () => {
  await client.reaches(noisy.videoId, 'ready')
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const asked = listenFor(page)
  await (await networkOf(page)).link(1, 80)
  await page.goto(noisy.link)
  await page.getByRole('combobox', { name: 'Quality' }).waitFor({ timeout: 30_000 })
  let navigations = 0
  page.on('framenavigated', () => navigations++)
  await note(page)
  await page.locator('video').evaluate((v: HTMLVideoElement) => {
    v.volume = 0.5
  })
  await play(page)
  // the second one has the names for the menu
  expect([...new Set(asked())], 'the file first').toEqual(['copy.mp4', 'hls.m3u8'])
  await page.waitForFunction(() => document.querySelector('video')?.currentSrc.startsWith('blob:'), undefined, {
    timeout: 20_000,
  })
  await page.waitForFunction(
    (from) => (document.querySelector('video')?.currentTime ?? 0) > from + 3,
    await positionOf(page),
    {
      timeout: 30_000,
    },
  )
  const { events, samples } = await notesOf(page)

  const switched = events.find((event) => event.name === 'loadstart')
  const stalls = events.filter((event) => event.name === 'waiting' && event.atMs < (switched?.atMs ?? 0))
  const last = stalls.at(-1)
  expect(
    switched !== undefined && last !== undefined && (stalls.length > 1 || switched.atMs - last.atMs > 2_000),
    'by the rule',
  ).toBe(true)
  const before = Math.max(
    ...samples.filter((sample) => sample.atMs < (switched?.atMs ?? 0)).map((sample) => sample.positionMs),
  )
  const resumed = events.find((event) => event.name === 'playing' && event.atMs > (switched?.atMs ?? 0))
  expect(Math.abs((resumed?.currentMs ?? 0) - before), 'jump of the video in ms').toBeLessThan(300)
  for (const [i, sample] of samples.entries()) {
    const earlier = samples[i - 1] ?? sample
    const jump = sample.positionMs - earlier.positionMs
    expect(jump, `at ${sample.atMs}`).toBeGreaterThanOrEqual(0)
    expect(jump - (sample.atMs - earlier.atMs), `at ${sample.atMs}`).toBeLessThan(300)
    expect(sample.shownS, 'length on the bar').toBeCloseTo(lengthS, 0)
  }
  expect([...new Set(asked())]).toEqual([
    'copy.mp4',
    'hls.m3u8',
    expect.stringMatching(/^hls-/),
    '480p.m3u8',
    '480p.m4s',
  ])
  const state = await page
    .locator('video')
    .evaluate((v: HTMLVideoElement) => [v.paused, v.volume, v.playbackRate, v.videoHeight])
  expect(state).toEqual([false, 0.5, 1, 480])
  expect(navigations).toBe(0)

  const renewed = page.waitForRequest(
    (request) => request.url().includes('/api/v1/shares/') && !request.url().endsWith('/events'),
  )
  await page.route('**/480p.m4s', (route) => route.fulfill({ status: 403 }), { times: 1 })
  await renewed
  const from = await positionOf(page)
  await page.waitForFunction((at) => (document.querySelector('video')?.currentTime ?? 0) > at + 3, from, {
    timeout: 30_000,
  })
  expect(await page.locator('.player-note').count()).toBe(0)
  await leave(guest)
})

test('a link that carries the file never asks for anything else', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const asked = listenFor(page)
  await (await networkOf(page)).link(50, 20)
  await page.goto(noisy.link)
  await page.getByRole('combobox', { name: 'Quality' }).waitFor()
  await play(page)
  for (const at of [5, 10, 2]) {
    await page.locator('video').evaluate((v: HTMLVideoElement, to) => {
      v.currentTime = to
    }, at)
    await page.waitForFunction((from) => (document.querySelector('video')?.currentTime ?? 0) > from + 1, at)
  }
  // the second one has the names for the menu
  expect(new Set(asked())).toEqual(new Set(['copy.mp4', 'hls.m3u8']))
  await leave(guest)
})

test('a phone gets the file that fills it', async () => {
  const guest = await newPerson(browser, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3 })
  const page = await guest.newPage()
  const asked = listenFor(page)
  await page.goto(noisy.link)
  await play(page)
  expect(await sourceOf(page)).toBe('720p.mp4')
  expect(asked()).not.toContain('copy.mp4')
  await leave(guest)
})

test('a size is chosen by keyboard, kept in this tab, and changes nothing but the size', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(`${noisy.link}?t=8`)
  const menu = page.getByRole('combobox', { name: 'Quality' })
  await menu.focus()
  await expect.poll(() => menu.locator('option').allTextContents()).toEqual(['Auto', '1080p', '720p', '480p'])
  await expect.poll(() => positionOf(page)).toBeCloseTo(8, 0)
  await expectAccessible(page)

  await page.keyboard.press('End')
  await expect.poll(() => heightOf(page)).toBe(480)
  await expect.poll(() => positionOf(page)).toBeCloseTo(8, 1)
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.paused)).toBe(true)
  await page.keyboard.press('ArrowUp')
  await expect.poll(() => sourceOf(page)).toBe('720p.mp4')
  await expect.poll(() => positionOf(page)).toBeCloseTo(8, 1)

  await page.reload()
  await expect.poll(() => menu.inputValue()).toBe('720p')
  await expect.poll(() => sourceOf(page)).toBe('720p.mp4')
  const tab = await guest.newPage()
  await tab.goto(noisy.link)
  await expect.poll(() => tab.getByRole('combobox', { name: 'Quality' }).inputValue()).toBe('auto')
  expect(await sourceOf(tab)).toBe('copy.mp4')
  await leave(guest)
})

test('the seek bar shows what is there, and loads it only when somebody points at it', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const asked = listenFor(page)
  await page.goto(noisy.link)
  await play(page)
  expect(asked()).not.toContain('storyboard.vtt')
  const bar = page.locator('media-time-range')
  const box = await bar.boundingBox()
  if (!box) throw new Error('no seek bar')
  const tile = page.locator('.tile')
  const at = async (part: number) => {
    await page.mouse.move(box.x + box.width * part, box.y + box.height / 2, { steps: 3 })
    await tile.waitFor()
    const shown = await tile.evaluate((t) => {
      const style = getComputedStyle(t)
      return [style.backgroundImage, style.backgroundPosition, t.clientWidth, t.clientHeight].join(' ')
    })
    return shown
  }
  const early = await at(0.1)
  expect(early).toMatch(/storyboard\.jpg"\) .* 160 90$/)
  await expect.poll(() => at(0.8)).not.toBe(early)
  await expect
    .poll(() => page.locator('media-preview-time-display[slot]').evaluate((t) => t.shadowRoot?.textContent))
    .toMatch(/0:(09|10)/)
  await shoot(page, 'watch-storyboard')
  await leave(guest)
})

test('a file whose grant has ended is asked for anew', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.route('**/copy.mp4', (route) => route.fulfill({ status: 403 }), { times: 1 })
  const renewed = page.waitForRequest(
    (request) => request.url().includes('/api/v1/shares/') && !request.url().endsWith('/events'),
  )
  await page.goto(`${noisy.link}?t=5`)
  await renewed
  await play(page)
  await expect.poll(() => positionOf(page)).toBeGreaterThan(5.2)
  expect(await sourceOf(page)).toBe('copy.mp4')
  await leave(guest)
})

test('a browser without media sources plays the stream itself', async () => {
  const guest = await newPerson(browser)
  await guest.addInitScript(() => Reflect.deleteProperty(window, 'MediaSource'))
  const page = await guest.newPage()
  const asked = listenFor(page)
  await page.goto(`${noisy.link}?t=6`)
  const menu = page.getByRole('combobox', { name: 'Quality' })
  await menu.focus()
  await menu.selectOption('480p')
  await expect.poll(() => sourceOf(page)).toBe('480p.m3u8')
  await play(page)
  await expect.poll(() => positionOf(page)).toBeGreaterThan(6.3)
  expect(asked().filter((name) => name.startsWith('hls-'))).toEqual([])
  await leave(guest)
})

interface Notes {
  events: { name: string; atMs: number; currentMs: number }[]
  samples: { atMs: number; positionMs: number; shownS: number }[]
}

/** Records the video's events, and every 50 ms the player's position. */
async function note(page: Page): Promise<void> {
  await page.evaluate(() => {
    const video = document.querySelector('video')
    const player = document.querySelector('mw-player') as (HTMLElement & { positionMs: number }) | null
    if (!video || !player) throw new Error('no player')
    const notes: Notes = { events: [], samples: [] }
    for (const name of ['waiting', 'playing', 'loadstart']) {
      player.addEventListener(
        name,
        () => notes.events.push({ name, atMs: performance.now(), currentMs: video.currentTime * 1000 }),
        true,
      )
    }
    setInterval(() => {
      const shown = document.querySelector('media-time-range')?.getAttribute('mediaduration')
      notes.samples.push({ atMs: performance.now(), positionMs: player.positionMs, shownS: Number(shown ?? 0) })
    }, 50)
    Object.assign(window, { notes })
  })
}

function notesOf(page: Page): Promise<Notes> {
  return page.evaluate(() => (window as unknown as { notes: Notes }).notes)
}

/** The names of the player's requests, in order. */
function listenFor(page: Page): () => string[] {
  const names: string[] = []
  page.on('request', (request) => {
    const name = new URL(request.url()).pathname.split('/').at(-1) ?? ''
    if (/\.(mp4|m4s|m3u8|vtt)$|^hls-/.test(name)) names.push(name)
  })
  return () => names
}

async function play(page: Page): Promise<void> {
  await startMuted(page.locator('video'))
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.1, undefined, {
    timeout: 30_000,
  })
}

function positionOf(page: Page): Promise<number> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)
}

function heightOf(page: Page): Promise<number> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.videoHeight)
}

function sourceOf(page: Page): Promise<string> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.currentSrc.split('/').at(-1)?.split('#')[0] ?? '')
}
