// Recording with the browser's encoders and our own MP4 muxer (tier A), for browsers whose recorder
// writes no MP4.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, logIn, shoot, startMuted } from './browser'
import { framesOf, inspect, openShared, withoutRecorderOfMp4 } from './recorder'
import {
  choose,
  comeBack,
  elapsed,
  expectLength,
  expectLittleLost,
  followPieces,
  inTheTrash,
  killBrowser,
  leftovers,
  piecesIn,
  reaches,
  record,
  Studio,
  spools,
  stop,
  worstDelayMs,
} from './studio'
import { Wire } from './wire'

const run = promisify(execFile)

let studio: Studio

beforeAll(async () => {
  studio = await Studio.open(withoutRecorderOfMp4)
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(() => studio?.close())

/** The codecs of a file, in the order of its streams. */
async function codecsOf(path: string): Promise<string[]> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', path])
  return stdout.trim().split('\n')
}

/** The main video of a watch page plays: its time advances by itself. */
async function plays(page: Page): Promise<void> {
  await startMuted(page.locator('video[slot=media]'))
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.4, undefined, {
    timeout: 30_000,
  })
}

/** The video of a watch page seeks to a time and shows its picture. */
async function seeks(page: Page, seconds: number): Promise<void> {
  const at = await page.locator('video[slot=media]').evaluate(
    (video: HTMLVideoElement, to) =>
      new Promise<number>((resolve) => {
        video.pause()
        video.requestVideoFrameCallback((_, frame) => resolve(frame.mediaTime))
        video.currentTime = to
      }),
    seconds,
  )
  expect(Math.abs(at - seconds)).toBeLessThan(0.5)
}

test('screen, camera and voice are H.264 with AAC, and the link plays and seeks while it is recorded', async () => {
  await openShared(studio.ada)
  const page = await studio.ada.newPage()
  const pieces = await followPieces(page)
  await page.goto(`${studio.program.base}/record`)
  await choose(page, 'Both')
  expect(await page.getByText('not while you record').count(), 'notes of a browser that plays late').toBe(0)
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  await page.locator('.safety', { hasText: /^Safe on the server up to 0:0[5-9]$/ }).waitFor({ timeout: 30_000 })
  const watching = await studio.ada.newPage()
  await watching.goto(link)
  await plays(watching)
  await seeks(watching, 2)
  await page.bringToFront()
  await reaches(page, (await elapsed(page)) + 2)
  const { seconds } = await stop(page)

  const path = await studio.original(link)
  expect(await codecsOf(path)).toEqual(['h264', 'aac'])
  const file = await inspect(path)
  expect(file.width).toBe(1280)
  expectLength(file.seconds, seconds)
  expect((await piecesIn(path, pieces)).length, 'pieces in the file').toBe(pieces.length)
  const drift = (await framesOf(path)).map((f) => f.drawnAtMs - f.ptsMs)
  // On a machine with other work, who draws and takes a frame is as late as a bare timer.
  expect(
    Math.max(...drift) - Math.min(...drift),
    'ms between the clock in the pictures and that of the file',
  ).toBeLessThan(500 + 2 * worstDelayMs())
  const { tracks } = (await studio.client.share(link.slice(link.lastIndexOf('/') + 1))).playback
  expect(tracks.map((t) => t.name).sort()).toEqual(['camera', 'screen'])
  const offsetMs = tracks.find((t) => t.name === 'camera')?.offset_ms
  process.stdout.write(`the camera begins ${offsetMs} ms after the screen\n`)
  expect(Math.abs(offsetMs ?? Number.NaN)).toBeLessThan(1500)
  await watching.reload()
  await plays(watching)
  await seeks(watching, 4)
  expect(studio.ada.problems).toEqual([])
})

test('a pause is in neither picture nor sound', async () => {
  const page = await studio.recorderPage()
  await choose(page, 'Screen')
  await record(page)
  await reaches(page, 3)
  await page.keyboard.press('Alt+Shift+KeyP')
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  const pausedAtMs = Date.now()
  const paused = await elapsed(page)
  await expect.poll(() => Date.now() - pausedAtMs, { timeout: 10_000 }).toBeGreaterThan(3000)
  const resumedAtMs = Date.now()
  await page.getByRole('button', { name: 'Resume' }).click()
  await reaches(page, paused + 3)
  const { seconds, link } = await stop(page)
  const path = await studio.original(link)
  expectLength((await inspect(path)).seconds, seconds)
  const frames = await framesOf(path)
  const inPause = frames.filter((f) => f.drawnAtMs > pausedAtMs + 300 && f.drawnAtMs < resumedAtMs - 300)
  // the screen at the moment it resumed
  expect(inPause.length, 'pictures of the pause').toBeLessThanOrEqual(1)
  expect(frames.filter((f) => f.drawnAtMs > resumedAtMs).length).toBeGreaterThan(10)
  expect(studio.ada.problems).toEqual([])
})

test('a browser that is killed loses less than two seconds', async () => {
  const wire = await Wire.to(studio.program.base)
  try {
    const ada = await studio.person('killed')
    await logIn({ base: wire.base }, await ada.newPage())
    await openShared(ada)
    const page = await ada.newPage()
    const pieces = await followPieces(page)
    await page.goto(`${wire.base}/record`)
    await record(page)
    const link = await page.getByLabel(/^Your link/).inputValue()
    await reaches(page, 3)
    wire.cut() // the server must not have everything already
    await reaches(page, 8)
    const killedAtMs = Date.now()
    await killBrowser(ada.profile)
    wire.restore()
    const again = await (await studio.person('killed')).newPage()
    await comeBack(again, wire.base)
    await leftovers(again).getByRole('button', { name: 'Finish it' }).click({ timeout: 20_000 })
    await leftovers(again).locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
    const path = await studio.original(link)
    expect(await codecsOf(path)).toEqual(['h264', 'aac'])
    await expectLittleLost(path, pieces, killedAtMs)
  } finally {
    await wire.close()
  }
})

test('sharing ends, another window takes its place and is resized: one size all the way', async () => {
  const page = await studio.recorderPage()
  await record(page)
  await reaches(page, 3)
  for (const shared of studio.ada.pages()) if ((await shared.title()) === 'SHARETARGET') await shared.close()
  await page.getByRole('group', { name: 'Sharing has ended' }).waitFor({ timeout: 10_000 })
  await page.getByRole('button', { name: 'Wait' }).click()
  const other = await openShared(studio.ada)
  await page.bringToFront()
  const before = await elapsed(page)
  await page.getByRole('button', { name: 'Share again' }).click()
  await reaches(page, before + 2)
  await other.setViewportSize({ width: 901, height: 701 })
  await reaches(page, before + 5)
  const { seconds, link } = await stop(page)
  const file = await inspect(await studio.original(link))
  expectLength(file.seconds, seconds)
  expect(file.width).toBe(1280)
  expect(studio.ada.problems.filter((p) => !p.includes('codec description'))).toEqual([])
})

test('a window of an odd size, and a take that is begun again', async () => {
  const shared = await openShared(studio.ada)
  await shared.setViewportSize({ width: 1001, height: 701 })
  const page = await studio.ada.newPage()
  await page.goto(`${studio.program.base}/record`)
  await choose(page, 'Screen')
  await record(page)
  await reaches(page, 2)
  await page.getByRole('button', { name: 'Start over' }).click()
  await page.getByRole('group', { name: 'Start over?' }).getByRole('button', { name: 'Start over' }).click()
  const bar = page.getByRole('group', { name: 'Discarded recording' })
  await bar.getByRole('button', { name: 'Undo' }).waitFor()
  await page.getByRole('button', { name: 'Start now' }).click()
  await page.getByRole('button', { name: 'Stop and copy link' }).waitFor()
  await bar.getByText(inTheTrash).waitFor()
  await bar.getByRole('link', { name: 'Open the trash' }).waitFor()
  expect(await bar.getByRole('button').count(), 'what would disturb the recording').toBe(0)
  await shoot(page, 'record-started-over')
  await expectAccessible(page)
  await reaches(page, 3)
  const { link } = await stop(page)
  expect(await bar.count(), 'words about the first take').toBe(0)
  const file = await inspect(await studio.original(link))
  expect(file.width % 2).toBe(0)
  expect(Math.abs(file.width - 1001)).toBeLessThanOrEqual(1)
  await studio.client.reaches((await studio.client.byLink(link)).id, 'ready')
  await page.goto(studio.program.base)
  await expect.poll(() => spools(page), { message: 'takes on this device, on the next page' }).toEqual([])
  expect(studio.ada.problems).toEqual([])
})

test('where AAC cannot be made, the sound is Opus; a voice alone is a recording, too', async () => {
  const page = await studio.recorderPage()
  await page.route(/\/assets\/.*aac-encoder/, (route) => route.abort()) // until the page closes
  for (const [name, codecs] of [
    ['Both', ['h264', 'opus']],
    ['Voice', ['opus']],
  ] as const) {
    await choose(page, name)
    await record(page)
    await reaches(page, 3)
    const { link, seconds } = await stop(page)
    const path = await studio.original(link)
    expect(await codecsOf(path), name).toEqual(codecs)
    expectLength((await inspect(path)).seconds, seconds)
    await page.getByRole('button', { name: 'Record another one' }).click()
  }
})

test('an encoder that fails takes nothing with it; encoders that do not come say so', async () => {
  const script = /\/assets\/encoder-worker-/
  const page = await studio.recorderPage()
  await page.route(script, async (route) => {
    const response = await route.fetch()
    const fail = `{ const { encode } = VideoEncoder.prototype; let left = 150
      VideoEncoder.prototype.encode = function (frame, options) {
        if (left-- > 0) return encode.call(this, frame, options)
        setTimeout(() => frame.codedWidth > 0 && console.error('a frame that was refused is held'))
        throw new Error('no more')
      } }`
    await route.fulfill({ response, body: `${fail};${await response.text()}` })
  })
  await choose(page, 'Screen')
  await record(page)
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  await page.locator('.finished').getByText('Your browser ended this recording').waitFor()
  const link = await page.getByRole('textbox', { name: 'Link to this recording' }).inputValue()
  expect((await inspect(await studio.original(link))).seconds).toBeGreaterThan(3)
  expect(studio.ada.problems).toEqual([])

  // A new route comes before the first one. Removing the first would wait for a worker that is just
  // ending.
  await page.route(script, (route) => route.abort())
  await page.getByRole('button', { name: 'Record another one' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('The recorder could not be loaded.').waitFor()
})
