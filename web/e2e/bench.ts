// What only a browser can measure: how soon the watch page shows a frame, compared with a page that
// has only the file, and the size of the page. cmd/meanwhile/bench_page_test.go sets in
// MEANWHILE_BENCH_PAGE what to open, and reads the result.
import { writeFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openBrowser } from './browser'
import { networkOf } from './network'

interface Asked {
  oursURL: string
  bareURL: string
  times: number
  out: string
}

interface Weight {
  path: string
  bytes: number
  /** Requested before the player's controls. */
  early: boolean
}

declare global {
  interface Window {
    firstFrameMs?: number
  }
}

const links = [
  { megabits: 50, latencyMs: 20 },
  { megabits: 8, latencyMs: 80 },
  { megabits: 1, latencyMs: 80 },
]

test('the watch page in a browser', async () => {
  const asked = JSON.parse(process.env.MEANWHILE_BENCH_PAGE ?? '') as Asked
  const browser = await openBrowser()
  try {
    const found = []
    for (const link of links) {
      const oursMs: number[] = []
      const bareMs: number[] = []
      for (let i = 0; i < asked.times; i++) {
        oursMs.push(await firstFrame(browser, asked.oursURL, link))
        bareMs.push(await firstFrame(browser, asked.bareURL, link))
      }
      found.push({ ...link, oursMs, bareMs })
    }
    const weights = await weigh(browser, asked.oursURL)
    await writeFile(asked.out, JSON.stringify({ links: found, weights }))
  } finally {
    await browser.close()
  }
})

/** From the start of the navigation to the first presented frame, in ms, with an empty cache. */
async function firstFrame(
  browser: Browser,
  url: string,
  link: { megabits: number; latencyMs: number },
): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  try {
    const page = await context.newPage()
    await (await networkOf(page)).link(link.megabits, link.latencyMs)
    await page.addInitScript(playAtOnce)
    await page.goto(url, { waitUntil: 'commit' })
    await page.waitForFunction(() => window.firstFrameMs !== undefined, undefined, { timeout: 30_000 })
    const at = await page.evaluate(() => window.firstFrameMs)
    expect(at).toBeGreaterThan(0)
    return at ?? 0
  } finally {
    await context.close()
  }
}

/** Runs in the page: plays the video as soon as it is in the document, like a viewer in a hurry. */
function playAtOnce(): void {
  const look = new MutationObserver(() => {
    const video = document.querySelector('video')
    if (!video) return
    look.disconnect()
    video.muted = true
    video.requestVideoFrameCallback((_, frame) => {
      window.firstFrameMs = frame.presentationTime
    })
    video.play().catch(() => undefined)
  })
  look.observe(document, { childList: true, subtree: true })
}

/** All requests of the page until it has played for a while, with their bytes on the wire. */
async function weigh(browser: Browser, url: string): Promise<Weight[]> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  try {
    const page = await context.newPage()
    const weights: Promise<Weight>[] = []
    let early = true
    page.on('request', (request) => {
      if (!['document', 'stylesheet', 'script'].includes(request.resourceType())) return
      const path = new URL(request.url()).pathname
      if (/\/controls[-.]/.test(path)) early = false
      const asked = { path, early }
      weights.push(request.sizes().then((sizes) => ({ ...asked, bytes: sizes.responseBodySize })))
    })
    await page.goto(url)
    await page.locator('select.speed').waitFor()
    await playFor(page, 3)
    return await Promise.all(weights)
  } finally {
    await context.close()
  }
}

async function playFor(page: Page, seconds: number): Promise<void> {
  await page.locator('video').evaluate((video: HTMLVideoElement) => {
    video.muted = true
    return video.play()
  })
  await page.waitForFunction((until) => (document.querySelector('video')?.currentTime ?? 0) > until, seconds, {
    timeout: 30_000,
  })
}
