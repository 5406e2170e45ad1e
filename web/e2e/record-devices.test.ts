// What can go wrong with cameras, microphones, this computer and the session: each has a sentence,
// and the take is kept.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, logIn, shoot } from './browser'
import { inspect } from './recorder'
import {
  choose,
  elapsed,
  expectLength,
  followPieces,
  killBrowser,
  reaches,
  record,
  Studio,
  spools,
  stop,
} from './studio'

const run = promisify(execFile)

let studio: Studio

beforeAll(async () => {
  studio = await Studio.open()
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(() => studio?.close())

test('without a camera or a microphone it says what to plug in, and records the screen all the same', async () => {
  const none = studio.devices.flags.filter((flag) => !flag.includes('fake'))
  const eve = await studio.person('none', none)
  await logIn(studio.program, await eve.newPage())
  const page = await studio.recorderPage(eve)
  await choose(page, 'Camera')
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('No microphone was found. Plug one in, or choose another one.').waitFor()
  await page.getByLabel('Microphone').selectOption('off')
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('No camera was found.').waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-no-device')
  await choose(page, 'Screen')
  await record(page)
  await reaches(page, 2)
  const { link } = await stop(page)
  expect((await inspect(await studio.original(link))).kinds).toContain('video')
  expect(eve.problems).toEqual([])
})

test('a camera and a microphone that are pulled out are told of, and the recording goes on', async () => {
  const eve = await studio.person('pulled')
  await logIn(studio.program, await eve.newPage())
  const page = await studio.recorderPage(eve)
  await record(page)
  await reaches(page, 2)
  // Kills the browser's device processes: for the page it looks as if the devices were unplugged.
  expect(await killBrowser(eve.profile, 'video_capture.mojom')).toBeGreaterThan(0)
  await page
    .getByText('Your camera has stopped. The rest of the recording goes on.')
    .first()
    .waitFor({ timeout: 15_000 })
  expect(await killBrowser(eve.profile, 'audio.mojom.AudioService')).toBeGreaterThan(0)
  await page.getByText('Your microphone was unplugged').first().waitFor({ timeout: 15_000 })
  await expectAccessible(page)
  await shoot(page, 'record-unplugged')
  const at = await elapsed(page)
  await reaches(page, at + 3)
  const { seconds, link } = await stop(page)
  const file = await inspect(await studio.original(link))
  expectLength(file.seconds, seconds)
})

test('a microphone that hears nothing for five seconds is told of, before and while recording', async () => {
  const silence = join(studio.folder, 'silence.wav')
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono', '-t', '2', silence])
  const flags = studio.devices.flags.map((flag) =>
    flag.replace(/(--use-file-for-fake-audio-capture=).*/, `$1${silence}`),
  )
  const eve = await studio.person('silent', flags)
  await logIn(studio.program, await eve.newPage())
  const page = await studio.recorderPage(eve)
  await page.getByText('We hear nothing from your microphone.').first().waitFor({ timeout: 20_000 })
  await record(page)
  await page.locator('.warnings', { hasText: 'Is it muted, or is it the wrong one?' }).waitFor({ timeout: 20_000 })
  await reaches(page, 2)
  await stop(page)
  expect(eve.problems).toEqual([])
})

test('a computer that slept says so, and what was recorded before and after is kept', async () => {
  const page = await studio.ada.newPage()
  await page.addInitScript(() => {
    const now = Date.now
    let sleptMs = 0
    Date.now = () => now() + sleptMs
    Object.assign(window, {
      sleep: (ms: number) => {
        sleptMs += ms
      },
    })
  })
  await page.goto(`${studio.program.base}/record`)
  await choose(page, 'Camera')
  await record(page)
  await reaches(page, 2)
  await page.evaluate(() => (window as unknown as { sleep(ms: number): void }).sleep(50_000))
  await page
    .locator('.warnings', { hasText: 'This computer was asleep for 50 s. What was recorded before and after is kept.' })
    .waitFor()
  const awake = await elapsed(page)
  expect(awake, 'time asleep is not on the clock').toBeLessThan(30)
  await reaches(page, awake + 2)
  const { seconds, link } = await stop(page)
  expectLength((await inspect(await studio.original(link))).seconds, seconds)
  expect(studio.ada.problems).toEqual([])
})

test('with little room on the device the recording goes straight to the server, and says so', async () => {
  const page = await studio.recorderPage()
  // Chromium's own estimate still reports free space: it only gives sites a guess.
  const cdp = await studio.ada.newCDPSession(page)
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: studio.program.base, quotaSize: 300e3 })
  await record(page)
  await page.locator('.warnings', { hasText: 'This device has little room left.' }).waitFor({ timeout: 15_000 })
  await expectAccessible(page)
  await shoot(page, 'record-no-room')
  await reaches(page, 4)
  const { seconds, link } = await stop(page)
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: studio.program.base })
  expectLength((await inspect(await studio.original(link))).seconds, seconds)
  await expect.poll(() => spools(page), { timeout: 60_000 }).toEqual([])
  expect(studio.ada.problems).toEqual([])
})

test('a session that ends takes nothing with it; without one, the recording waits for it', async () => {
  const eve = await studio.person('session')
  await logIn(studio.program, await eve.newPage())
  const page = await studio.recorderPage(eve)
  await record(page)
  await reaches(page, 2)
  await eve.clearCookies() // the upload has its own token
  await reaches(page, 4)
  const { seconds, link } = await stop(page)
  expectLength((await inspect(await studio.original(link))).seconds, seconds)
  await page.getByRole('button', { name: 'Record another one' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('button', { name: 'Start now' }).click()
  await page.getByText('Your session has ended.').waitFor({ timeout: 15_000 })
  await page.locator('.safety', { hasText: 'You are signed out.' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-signed-out')
  await logIn(studio.program, await eve.newPage())
  await page.bringToFront()
  await reaches(page, 3)
  await page.getByRole('button', { name: 'Stop and copy link' }).waitFor({ timeout: 15_000 })
  await stop(page)
  expect(eve.problems).toEqual([])
})

test('a link that was taken away on the server leaves the take on the device, to be sent as a new video', async () => {
  const page = await studio.ada.newPage()
  const pieces = await followPieces(page)
  await page.goto(`${studio.program.base}/record`)
  await choose(page, 'Camera')
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  await reaches(page, 2)
  const put = await page.waitForRequest((request) => request.method() === 'PUT')
  const upload = put.url().replace(/\/tracks\/.*/, '')
  // like a cancel elsewhere
  await fetch(upload, { method: 'DELETE', headers: { Authorization: put.headers().authorization ?? '' } })
  await page.getByText('The link of this recording was removed on the server.').waitFor({ timeout: 15_000 })
  await page.getByRole('button', { name: 'Stop and copy link' }).click()
  await page.getByRole('heading', { name: 'Stopped, and kept on this device' }).waitFor()
  await page.getByRole('button', { name: 'Send it as a new video' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-failed')
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download it' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/\.mp4$/)
  await page.getByRole('button', { name: 'Send it as a new video' }).click()
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  const again = await page.getByRole('textbox', { name: 'Link to this recording' }).inputValue()
  expect(again).not.toBe(link)
  expect((await inspect(await studio.original(again))).kinds).toEqual(['audio', 'video'])
  expect(pieces.length).toBeGreaterThan(1)
  expect(studio.ada.problems).toEqual([])
})
