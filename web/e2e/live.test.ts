// Watching: during the recording, across its stop, and its two tracks as one picture.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectPlays, newPerson, openBrowser, shoot, startMuted } from './browser'
import { clip } from './clips'
import { leave } from './people'

import { choose, reaches, record, Studio, stop } from './studio'
import { Take } from './take'

const samples = process.env.MEANWHILE_SAMPLES ?? new URL('../../../shared/samples/', import.meta.url).pathname
const tiny = '-s 640x360 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 30 -c:a libopus'.split(' ')
const inFragments = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof']

let studio: Studio
let browser: Browser

beforeAll(async () => {
  studio = await Studio.open()
  browser = await openBrowser()
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(async () => {
  await browser?.close()
  await studio?.close()
})

test('a colleague watches from the beginning while it is recorded; the stop changes nothing for them', async () => {
  const recorder = await studio.recorderPage()
  await choose(recorder, 'Screen')
  await record(recorder)
  await reaches(recorder, 4)
  const link = await recorder.getByLabel(/^Your link/).inputValue()

  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(link)
  await page.getByText('Recording now').waitFor()
  await expectPlays(page)
  expect(await positionOf(page), 'where it begins').toBeLessThan(3)
  await page.evaluate(followPosition)
  await shoot(page, 'watch-live')
  await expectAccessible(page)
  await expect.poll(() => positionOf(page), { timeout: 30_000 }).toBeGreaterThan(5)
  const { seconds } = await stop(recorder)
  const { id } = await studio.client.byLink(link)
  await studio.client.reaches(id, 'ready')
  await page.waitForFunction(() => document.querySelector('video')?.ended, undefined, { timeout: 60_000 })
  expect(Math.abs((await positionOf(page)) - seconds), `the end, of ${seconds} s`).toBeLessThan(1.5)
  expect((await page.evaluate(jumps)).join('; '), 'jumps, or a page that was loaded again').toBe('')
  await page.getByText('Recording now').waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: 'Download' }).waitFor()
  await expect.poll(() => page.locator('#length').textContent()).toMatch(/^0:\d\d$/)

  const quality = page.getByRole('combobox', { name: 'Quality' })
  await seekTo(page, 3) // the renditions made meanwhile can be chosen
  const lowest = (await quality.locator('option').allTextContents()).at(-1) ?? ''
  await quality.selectOption(lowest)
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => `${v.videoHeight}p`)).toBe(lowest)
  await expect.poll(() => shownAt(page), { message: 'the same moment in another size' }).toBeCloseTo(3, 0)
  expect(await page.evaluate(() => 'moments' in window), 'the page that was opened at first').toBe(true)
  await leave(guest)
  expect(studio.ada.problems).toEqual([])
})

test('what has come so far can be searched and talked about, and its moments stay right afterwards', async () => {
  const path = join(studio.folder, 'ramp.mp4')
  const whole = new Uint8Array(await readFile(await clip(path, 40, [...tiny, ...inFragments])))
  const half = Math.floor(whole.length / 2)
  const take = await Take.begin(studio.client, 'Half of it so far')
  await take.putAll('screen', whole.subarray(0, half))

  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(take.link)
  await expectPlays(page)
  await page.locator('video').evaluate((v: HTMLVideoElement) => v.pause())
  expect(await durationOf(page), 'what has come').toBeGreaterThan(15)
  expect(await durationOf(page), 'what has come').toBeLessThan(25)
  for (const second of [15, 3, 12]) {
    await seekTo(page, second)
    await expect.poll(() => shownAt(page), { message: `a picture of second ${second}` }).toBeCloseTo(second, 0)
  }
  await page.getByRole('textbox', { name: 'Your comment' }).fill('Here the numbers are wrong')
  await page.getByLabel('Your name').fill('Sam')
  await page.getByRole('button', { name: /^Comment/ }).click()
  const chip = page.getByRole('listitem').filter({ hasText: 'Here the numbers are wrong' }).locator('.time').first()
  await expect.poll(() => chip.textContent()).toBe('0:12')

  await take.putAll('screen', whole.subarray(half))
  await expect.poll(() => durationOf(page), { message: 'as more comes', timeout: 30_000 }).toBeGreaterThan(38)
  await take.complete()
  await studio.client.reaches(take.videoId, 'ready')
  await page.reload()
  await page.waitForFunction(
    () => (document.querySelector('video')?.readyState ?? 0) >= HTMLMediaElement.HAVE_CURRENT_DATA,
  )
  await expect.poll(() => durationOf(page)).toBeCloseTo(40, 0)
  await chip.click()
  await expect.poll(() => shownAt(page), { message: 'where the comment leads' }).toBeCloseTo(12, 0)
  await leave(guest)
})

test('a stream from which nothing comes any more is left for the file, as soon as there is one', async () => {
  const path = join(studio.folder, 'silent.mp4')
  const whole = new Uint8Array(await readFile(await clip(path, 16, [...tiny, ...inFragments])))
  const half = Math.floor(whole.length / 2)
  const take = await Take.begin(studio.client, 'Silent from the middle on')
  await take.putAll('screen', whole.subarray(0, half))
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(take.link)
  await expectPlays(page)
  await page.route('**/g0/screen.mp4', () => undefined) // never answered
  await take.putAll('screen', whole.subarray(half))
  await take.complete()
  await page.evaluate(followPosition)
  await page.waitForFunction(() => document.querySelector('video')?.ended, undefined, { timeout: 60_000 })
  expect(await positionOf(page)).toBeCloseTo(16, 0)
  expect((await page.evaluate(jumps)).join('; '), 'jumps').toBe('')
  await leave(guest)
})

test('a page that was open when the take was thrown away no longer says that it is being recorded', async () => {
  const whole = await readFile(await clip(join(studio.folder, 'thrown.mp4'), 6, [...tiny, ...inFragments]))
  const take = await Take.begin(studio.client, 'Thrown away')
  await take.putAll('screen', new Uint8Array(whole))
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(take.link)
  await page.getByText('Recording now').waitFor()
  await take.cancel()
  await page.locator('.waiting', { hasText: 'This link has ended or changed' }).waitFor()
  await expect.poll(() => page.locator('#improving').textContent(), { message: 'the word in the head' }).toBe('')
  await leave(guest)
})

test('screen and camera are one picture, which its author arranges for everybody', async () => {
  const take = await Take.begin(studio.client, 'Screen and camera')
  for (const track of ['screen', 'camera'] as const)
    await take.putAll(track, new Uint8Array(await readFile(join(samples, `two-tracks-${track}.mp4`))))
  await take.complete()
  await studio.client.reaches(take.videoId, 'ready')

  const guest = await newPerson(browser)
  const theirs = await guest.newPage()
  await theirs.goto(take.link)
  await theirs.locator('video[slot=media]').evaluate((v: HTMLVideoElement) => {
    v.loop = true
  })
  await startMuted(theirs.locator('video[slot=media]'))
  await expect
    .poll(() => apart(theirs, 30), { message: 'ms between the tracks, at most', timeout: 30_000 })
    .toBeLessThanOrEqual(80)
  await seekTo(theirs, 2.5)
  await expect
    .poll(() => apart(theirs, 30), { message: 'ms between the tracks after a jump', timeout: 30_000 })
    .toBeLessThanOrEqual(80)
  expect(await theirs.getByRole('group', { name: /^Camera/ }).count(), 'a guest moves nothing').toBe(0)

  const page = await studio.ada.newPage()
  await page.goto(take.link)
  const bubble = page.getByRole('group', { name: /^Camera/ })
  const box = await boxOf(bubble)
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  const picture = await boxOf(page.locator('video[slot=media]'))
  await page.mouse.move(picture.x + picture.width * 0.3, picture.y + picture.height * 0.4, { steps: 5 })
  await page.mouse.up()
  await page.locator('#announce', { hasText: 'The camera stays there' }).waitFor({ state: 'attached' })
  const near = async (of: Page, x: number, y: number) => {
    const placed = () => placeOf(of)
    await expect
      .poll(async () => Math.abs((await placed()).x - x) + Math.abs((await placed()).y - y))
      .toBeLessThan(0.02)
  }
  await near(page, 0.3, 0.4)
  await near(theirs, 0.3, 0.4) // without a reload
  await bubble.focus()
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key)
  await near(page, 0.34, 0.42)
  await theirs.reload()
  await near(theirs, 0.34, 0.42)
  await shoot(page, 'watch-two-tracks')
  await expectAccessible(page)

  const framed = await guest.newPage()
  await framed.goto(`${studio.program.base}/embed/${take.link.split('/').at(-1)}`)
  await expectPlays(framed)
  await near(framed, 0.34, 0.42)
  await expect
    .poll(() => apart(framed, 10), { message: 'ms between the tracks in another page', timeout: 30_000 })
    .toBeLessThanOrEqual(80)
  await shoot(framed, 'embed-two-tracks')
  await leave(guest)
  expect(studio.ada.problems).toEqual([])
})

type Moment = { atMs: number; position: number }

/** Runs in the page: records the player's position, at least ten times a second. */
function followPosition(): void {
  const moments: Moment[] = []
  const player = document.querySelector<HTMLElement & { positionMs: number }>('mw-player')
  Object.assign(window, { moments })
  setInterval(() => moments.push({ atMs: performance.now(), position: player ? player.positionMs / 1000 : -1 }), 50)
}

/**
 * Runs in the page: the places where the position did not advance with time since the last sample.
 * Waiting is no jump.
 */
function jumps(): string[] {
  const { moments } = window as unknown as { moments: Moment[] }
  const found: string[] = []
  let before = moments[0]
  for (const now of moments) {
    if (!before || now.position === before.position) continue
    const [step, ms] = [now.position - before.position, Math.round(now.atMs - before.atMs)]
    if (step < -0.05 || step > ms / 1000 + 0.3) found.push(`from ${before.position} to ${now.position} in ${ms} ms`)
    before = now
  }
  return found
}

function positionOf(page: Page): Promise<number> {
  return page.locator('video[slot=media]').evaluate((v: HTMLVideoElement) => v.currentTime)
}

function seekTo(page: Page, second: number): Promise<void> {
  return page.locator('video[slot=media]').evaluate((v: HTMLVideoElement, to) => {
    v.currentTime = to
  }, second)
}

/** The position of the visible picture, once it has loaded. */
function shownAt(page: Page): Promise<number> {
  return page
    .locator('video[slot=media]')
    .evaluate((v: HTMLVideoElement) =>
      v.seeking || v.readyState < HTMLMediaElement.HAVE_CURRENT_DATA ? -1 : v.currentTime,
    )
}

function durationOf(page: Page): Promise<number> {
  return page.locator('video[slot=media]').evaluate((v: HTMLVideoElement) => v.duration)
}

/**
 * The largest distance between camera and picture, in ms, over so many shown frames of the camera.
 */
function apart(page: Page, frames: number): Promise<number> {
  return page.evaluate(async (count) => {
    const picture = document.querySelector<HTMLVideoElement>('video[slot=media]')
    const camera = document.querySelector<HTMLVideoElement>('.camera-bubble video')
    if (!picture || !camera) return Number.POSITIVE_INFINITY
    let most = 0
    for (let i = 0; i < count; i++) {
      const shown = await new Promise<VideoFrameCallbackMetadata>((resolve) =>
        camera.requestVideoFrameCallback((_, of) => resolve(of)),
      )
      if (picture.currentTime < 0.3) continue // it has started over, and the camera follows
      most = Math.max(most, Math.abs(shown.mediaTime - picture.currentTime) * 1000)
    }
    return most
  }, frames)
}

async function boxOf(
  of: ReturnType<Page['locator']>,
): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await of.boundingBox()
  if (!box) throw new Error('it is not on the page')
  return box
}

/** The centre of the camera, as fractions of the picture. */
async function placeOf(page: Page): Promise<{ x: number; y: number }> {
  const bubble = page.locator('.camera-bubble')
  await bubble.waitFor()
  return bubble.evaluate((element) => {
    const box = element.getBoundingClientRect()
    const video = document.querySelector<HTMLVideoElement>('video[slot=media]')
    const stage = video?.getBoundingClientRect() ?? new DOMRect()
    const scale = Math.min(stage.width / (video?.videoWidth || 16), stage.height / (video?.videoHeight || 9))
    const width = (video?.videoWidth || 16) * scale
    const height = (video?.videoHeight || 9) * scale
    return {
      x: (box.x + box.width / 2 - stage.x - (stage.width - width) / 2) / width,
      y: (box.y + box.height / 2 - stage.y - (stage.height - height) / 2) / height,
    }
  })
}
