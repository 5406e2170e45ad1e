// The first moments of the watch page: what is visible before everything has loaded, and if some of
// it never loads.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { newPerson, openBrowser, shoot, startMuted } from './browser'
import { clip } from './clips'
import { leave, setUpOwner } from './people'
import { Program } from './program'
import { Take } from './take'

let program: Program
let browser: Browser
let folder: string
let client: Client
let plain: Begun
let white: Begun // its first second shows nothing

const encoded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '60']

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const size = 'size=640x360:rate=30'
  plain = await client.upload(await clip(join(folder, 'plain.mp4'), 6, [...encoded, '-c:a', 'aac'], size))
  const fading = ',fade=t=in:st=1:d=0.2:color=white'
  white = await client.upload(await clip(join(folder, 'white.mp4'), 8, [...encoded, '-c:a', 'aac'], size, fading))
  await client.comment(plain.link, 'Something that somebody said about this moment.', 2000)
  for (const { videoId } of [plain, white]) await client.reaches(videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test.each([
  { name: 'a wide screen', viewport: { width: 1440, height: 900 } },
  { name: 'a phone', viewport: { width: 360, height: 740 } },
])('nothing on the page moves when the video, the fonts and the controls come: $name', async ({ viewport }) => {
  const guest = await newPerson(browser, { viewport })
  const page = await guest.newPage()
  await page.addInitScript(() => {
    const shifts: string[] = []
    const sum = { value: 0, shifts }
    type Shift = PerformanceEntry & {
      value: number
      sources: { node?: Node; previousRect: DOMRect; currentRect: DOMRect }[]
    }
    const box = ({ x, y, width, height }: DOMRect) => [x, y, width, height].map(Math.round).join(' ')
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries() as Shift[]) {
        sum.value += value
        for (const { node, previousRect, currentRect } of sources) {
          const name = node instanceof Element ? `${node.tagName}.${node.className}` : node?.textContent?.slice(0, 20)
          shifts.push(`${name}: ${box(previousRect)} → ${box(currentRect)}`)
        }
      }
    }).observe({ type: 'layout-shift', buffered: true })
    Object.assign(window, { sum })
  })
  await page.goto(plain.link)
  await page.locator('select.speed').waitFor() // the controls are the last to come
  await page.evaluate(() => document.fonts.ready)
  await startMuted(page.locator('video'))
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5)
  const sum = await page.evaluate(() => (window as unknown as { sum: { value: number; shifts: string[] } }).sum)
  // letters may move by one to three pixels; people notice 0.1
  expect(sum.value, `moved:\n${sum.shifts.join('\n')}\n`).toBeLessThan(0.02)
  await leave(guest)
})

test('the poster stands where the first picture shows nothing, and is not fetched elsewhere', async () => {
  const guest = await newPerson(browser)
  for (const { video, isWanted } of [
    { video: white, isWanted: true },
    { video: plain, isWanted: false },
  ]) {
    const page = await guest.newPage()
    const posters: string[] = []
    page.on('requestfinished', (request) => request.url().endsWith('/poster.jpg') && posters.push(request.url()))
    await page.goto(video.link)
    await page.locator('select.speed').waitFor()
    if (isWanted) await expect.poll(() => posters.length, { message: 'posters that were fetched' }).toBe(1)
    await expect.poll(() => colours(page), { message: 'something is seen' }).toBeGreaterThan(20)
    expect(posters.length).toBe(isWanted ? 1 : 0)
    if (isWanted) await shoot(page, 'watch-poster')
    await page.close()
  }
  await leave(guest)
})

test('where our controls cannot be had, the browser’s own serve', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  let refused = 0
  await page.route('**/assets/controls-*.js', (route) => {
    refused++
    return route.abort()
  })
  await page.goto(plain.link)
  const video = page.locator('video')
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.controls)).toBe(true)
  expect(refused).toBeGreaterThan(0)
  expect(await page.locator('.big').count(), 'buttons of ours').toBe(0)
  await page.getByRole('button', { name: 'Share' }).waitFor() // the rest of the page works
  await shoot(page, 'watch-native-controls')
  await video.click()
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.2)
  await leave(guest)
})

test('Play that is pressed before the scripts have come plays, and they take it over as it is', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const held: Route[] = []
  let isHeld = true
  await page.route('**/assets/*.js', (route) => {
    if (!isHeld) return route.continue()
    held.push(route)
    return undefined
  })
  await page.goto(plain.link, { waitUntil: 'commit' })
  const big = page.getByRole('button', { name: 'Play' })
  await big.click()
  const video = page.locator('video')
  await expect.poll(() => video.evaluate((v: HTMLVideoElement) => v.currentTime)).toBeGreaterThan(0.2)
  await big.waitFor({ state: 'hidden' })
  expect(await page.locator('media-play-button').count(), 'controls').toBe(0)
  await expect.poll(() => held.length).toBeGreaterThan(0)
  isHeld = false
  for (const route of held) await route.continue()
  await page.locator('media-play-button').waitFor()
  expect(await video.evaluate((v: HTMLVideoElement) => v.paused), 'it plays on').toBe(false)
  await expect
    .poll(() => page.locator('media-play-button').getAttribute('mediapaused'), { message: 'the button knows' })
    .toBeNull()
  await leave(guest)
})

test('a recording plays as a file from the moment of its end, with scripts off too, and in an open page', async () => {
  const made = [...encoded, '-c:a', 'libopus', '-movflags', 'frag_keyframe+empty_moov+default_base_moof']
  const bytes = new Uint8Array(await readFile(await clip(join(folder, 'take.mp4'), 20, made, 'size=640x360:rate=30')))
  const take = await Take.begin(client)
  await take.putAll('screen', bytes)

  const guest = await newPerson(browser)
  const open = await guest.newPage()
  await open.goto(take.link) // during the recording
  await open.locator('video').waitFor()
  await plays(open, 1)

  const plainer = await newPerson(browser, { javaScriptEnabled: false })
  const [page, bare] = [await guest.newPage(), await plainer.newPage()]
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url().split('/').at(-1) ?? ''))
  await take.complete()
  await Promise.all([page.goto(take.link), bare.goto(take.link)])
  await expect.poll(() => bare.locator('video[controls]').evaluate((v: HTMLVideoElement) => v.videoWidth)).toBe(640)
  await plays(page, 0.5)
  const state = await page.locator('video').evaluate((v: HTMLVideoElement) => [Math.round(v.duration), v.videoWidth])
  expect(state).toEqual([20, 640])
  await page.locator('video').evaluate((v: HTMLVideoElement) => {
    v.currentTime = 15
  })
  await plays(page, 15.5)
  expect(
    asked.filter((name) => /^hls-|m3u8$/.test(name)),
    'what only a stream needs',
  ).toEqual([])

  await plays(open, 3) // it continued
  await leave(guest, plainer)
})

async function plays(page: Page, untilS: number): Promise<void> {
  await page.waitForFunction(() => document.querySelector('video') !== null)
  await startMuted(page.locator('video[slot=media]'))
  await page.waitForFunction((until) => (document.querySelector('video')?.currentTime ?? 0) > until, untilS, {
    timeout: 30_000,
  })
}

/** How many coarse colours are visible in the picture. */
async function colours(page: Page): Promise<number> {
  const png = (await page.locator('mw-player').screenshot()).toString('base64')
  return page.evaluate(async (base64) => {
    const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]))
    const context = new OffscreenCanvas(64, 24).getContext('2d')
    if (!context) throw new Error('no canvas')
    // the part above the bar
    context.drawImage(picture, 0, 0, picture.width, picture.height * 0.7, 0, 0, 64, 24)
    const { data } = context.getImageData(0, 0, 64, 24)
    const seen = new Set<number>()
    for (let i = 0; i < data.length; i += 4)
      seen.add(((data[i] ?? 0) >> 5) * 64 + ((data[i + 1] ?? 0) >> 5) * 8 + ((data[i + 2] ?? 0) >> 5))
    return seen.size
  }, png)
}
