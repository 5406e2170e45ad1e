// Recording as on a desktop: the recorder's tab behind another one, the browser's own bar, and
// another browser.
import { join } from 'node:path'
import type { Browser } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { finished, openChromium, openFirefox, reads, Screen, signIn, start, stop } from './desktop'
import { outFolder } from './program'
import { framesOf, inspect, openSharedIn } from './recorder'
import { Studio } from './studio'

// Browsers slow down a hidden tab at once. The gate does not wait for a full minute, but make soak
// does.
const hiddenForMs = process.env.MEANWHILE_SOAK === 'on' ? 60_000 : 15_000

let studio: Studio
let screen: Screen
const browsers: Browser[] = []

beforeAll(async () => {
  studio = await Studio.open()
  screen = await Screen.open()
})
afterEach(async ({ task }) => {
  for (const [i, browser] of browsers.splice(0).entries()) {
    if (task.result?.state === 'fail') await showFailure(browser, i)
    await browser.close()
  }
})
afterAll(async () => {
  screen?.close()
  await studio?.close()
})

async function showFailure(browser: Browser, i: number): Promise<void> {
  for (const [n, page] of (await browser.pages()).entries())
    await page.screenshot({ path: `${outFolder}failed-desktop-${i}-${n}.png` }).catch(() => undefined)
}

function opened<T extends Browser>(browser: T): T {
  browsers.push(browser)
  return browser
}

test('a tab that is hidden records every frame of what is shared', async () => {
  const browser = opened(await openChromium(join(studio.folder, 'hidden'), studio.devices.flags))
  await browser.defaultBrowserContext().overridePermissions(studio.program.base, ['camera', 'microphone'])
  const [page] = await browser.pages()
  if (!page) throw new Error('a browser without a page')
  await signIn(studio.program, page)
  const shared = await browser.newPage()
  await openSharedIn(shared, 30)
  await page.bringToFront()
  await page.goto(`${studio.program.base}/record`)
  await start(page, 'both')
  const hiddenAtMs = Date.now()
  await shared.bringToFront()
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('hidden')
  await page.evaluate(() =>
    document.addEventListener('visibilitychange', () => Object.assign(window, { wasSeen: true })),
  )
  await expect
    .poll(() => Date.now() - hiddenAtMs, { timeout: hiddenForMs + 10_000, interval: 1000 })
    .toBeGreaterThan(hiddenForMs)
  expect(await page.evaluate(() => 'wasSeen' in window), 'the page was seen').toBe(false)
  const shownAtMs = Date.now()
  await page.bringToFront()
  await reads(page, '.safety', 'Safe on the server up to')
  const link = await stop(page)
  const path = await studio.original(link)
  const frames = (await framesOf(path)).filter((f) => f.drawnAtMs > hiddenAtMs && f.drawnAtMs < shownAtMs)
  const times = frames.map((f) => f.drawnAtMs)
  const gaps = times.slice(1).map((t, i) => t - (times[i] ?? t))
  const perSecond = (new Set(times).size * 1000) / (shownAtMs - hiddenAtMs)
  process.stdout.write(
    `hidden for ${shownAtMs - hiddenAtMs} ms: ${perSecond.toFixed(1)} frames a second, longest gap ${Math.max(...gaps)} ms\n`,
  )
  expect(perSecond).toBeGreaterThanOrEqual(20)
  expect((await inspect(path)).kinds).toEqual(['audio', 'video'])
})

test('“Stop sharing” in the browser’s own bar: the recording waits, and finishes by itself', async () => {
  const flags = studio.devices.flags.filter((flag) => !flag.startsWith('--auto-select'))
  const browser = opened(
    await openChromium(
      join(studio.folder, 'bar'),
      [...flags, '--auto-select-desktop-capture-source=Entire screen'],
      screen,
    ),
  )
  await browser.defaultBrowserContext().overridePermissions(studio.program.base, ['camera', 'microphone'])
  const [page] = await browser.pages()
  if (!page) throw new Error('a browser without a page')
  await signIn(studio.program, page)
  await page.goto(`${studio.program.base}/record`)
  await start(page, 'screen')
  await reads(page, '.safety', 'Safe on the server up to')
  await expect.poll(() => screen.click('sharing', 0.74, 0.5)).toBe(true)
  await reads(page, '.ended', 'Sharing has ended, and the recording waits. It finishes by itself in')
  const link = await finished(page)
  expect((await inspect(await studio.original(link))).kinds).toEqual(['audio', 'video'])
})

test('Firefox records in WebM, says so beforehand, and the link plays once it is sealed', async () => {
  const browser = opened(await openFirefox(screen))
  const page = await browser.newPage()
  await signIn(studio.program, page)
  await page.goto(`${studio.program.base}/record`)
  await reads(page, '.setup', 'With this browser the link plays a second or two after you stop, not while you record.')
  await start(page, 'both')
  await reads(page, '.under', 'Its sound is not recorded: this browser shares only the picture.')
  await reads(page, '.safety', 'Safe on the server up to 0:03')
  const link = await stop(page)
  const file = await inspect(await studio.original(link))
  expect(file.kinds).toEqual(['audio', 'video'])
  const { id } = await studio.client.byLink(link)
  await expect.poll(async () => (await studio.client.video(id)).state, { timeout: 60_000 }).toBe('ready')
  await page.goto(link)
  await page.waitForFunction(
    () => {
      const video = document.querySelector('video')
      if (!video) return false
      video.muted = true
      video.play().catch(() => undefined)
      return video.currentTime > 0.5
    },
    { polling: 250, timeout: 30_000 },
  )
})
