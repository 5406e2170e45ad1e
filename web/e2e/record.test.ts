// Recording in the browser: a tab, a camera and a microphone go in, a link comes out, and nothing gets lost on the way.
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, logIn, setUp, shoot } from './browser'
import { outFolder, Program } from './program'
import { type Devices, inspect, makeDevices, openRecorder, openShared, type Recorder, removeDevices } from './recorder'
import { Wire } from './wire'

let program: Program
let client: Client
let devices: Devices
let folder: string
let ada: Recorder // signed in, for all tests that need no browser of their own
const open: Recorder[] = []

beforeAll(async () => {
  program = await Program.start()
  devices = await makeDevices()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-recordings-'))
  ada = await person('first')
  open.length = 0
  await setUp(program, await ada.newPage())
  client = await Client.of(program)
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const context of [ada, ...open]) await showFailure(context)
  for (const context of open.splice(0)) await context.close().catch(() => undefined)
  for (const page of ada.pages().slice(1)) await page.close()
  ada.problems.length = 0
})
afterAll(async () => {
  await ada?.close()
  await program?.close()
  await removeDevices(devices)
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a tab, a camera and a voice become a link that is on the clipboard at stop', async () => {
  const page = await recorderPage(ada)
  await page.getByText('We hear you.').waitFor()
  expect((await page.request.get(`${program.base}/record`)).headers()['permissions-policy']).toContain('display-capture=(self)')
  await expectAccessible(page)
  await shoot(page, 'record-idle')

  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  expect((await page.request.get(link)).status(), 'the link, before the first byte').toBe(200)
  await reaches(page, 5)
  await page.locator('.safety', { hasText: /^Safe on the server up to 0:0[1-9]$/ }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-live')
  await reaches(page, 8)
  const { seconds, link: copied } = await stop(page)
  expect(copied).toBe(link)
  await expectAccessible(page)

  const video = await client.byLink(link)
  const file = await inspect(await original(page, video.id))
  expect(file.kinds).toEqual(['audio', 'video'])
  expect(file.width).toBe(1280) // real pixels of the tab
  expect(Math.abs(file.seconds - seconds)).toBeLessThan(1.5)
  const share = await client.share(basename(link))
  expect(share.playback.tracks.map((t) => t.name).sort()).toEqual(['camera', 'screen'])
  await expect.poll(() => spools(page), { timeout: 60_000, message: 'recordings kept on the device after the video was ready' }).toEqual([])
  expect(ada.problems).toEqual([])
})

test('a pause is not in the recording', async () => {
  const page = await recorderPage(ada)
  await page.getByRole('radio', { name: 'Screen' }).check({ force: true })
  await record(page)
  await reaches(page, 3)
  await page.keyboard.press('Alt+Shift+KeyP')
  await page.getByRole('button', { name: 'Go on' }).waitFor()
  await shoot(page, 'record-paused')
  await expectAccessible(page)
  const paused = await elapsed(page)
  await page.getByRole('button', { name: 'Go on' }).click()
  await reaches(page, paused + 3)
  const { seconds, link } = await stop(page)
  const file = await inspect(await original(page, (await client.byLink(link)).id))
  expect(Math.abs(file.seconds - seconds), `${file.seconds} s in the file, ${seconds} s on the clock`).toBeLessThan(1.5)
  expect(ada.problems).toEqual([])
})

test('a voice alone is a recording, and so is a camera alone', async () => {
  const page = await recorderPage(ada)
  for (const [name, kinds] of [
    ['Voice', ['audio']],
    ['Camera', ['audio', 'video']],
  ] as const) {
    await page.getByRole('radio', { name }).check({ force: true })
    await record(page)
    await reaches(page, 3)
    const { link } = await stop(page)
    expect((await inspect(await original(page, (await client.byLink(link)).id))).kinds, name).toEqual(kinds)
    await page.getByRole('button', { name: 'Record another one' }).click()
  }
  expect(ada.problems).toEqual([])
})

test('a take can be thrown away, after a question', async () => {
  const page = await recorderPage(ada)
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Keep it' }).click()
  await reaches(page, 2)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Throw away' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).waitFor()
  await expect.poll(async () => (await page.request.get(link)).status(), { timeout: 15_000 }).toBe(404)
  await expect.poll(() => spools(page), { timeout: 15_000 }).toEqual([])
  expect(ada.problems).toEqual([])
})

test('what is refused is said in a sentence, and leaves nothing behind', async () => {
  const ada = await person('denied', ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny'], [])
  const page = await ada.newPage()
  await logIn(program, page)
  const before = (await client.videos()).length
  await page.getByRole('link', { name: 'New recording' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('Nothing was shared.').waitFor()
  await page.getByRole('radio', { name: 'Camera' }).check({ force: true })
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('was not allowed to use your microphone').waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-denied')
  expect((await client.videos()).length).toBe(before)
  expect(ada.problems).toEqual([])
})

test('when sharing ends in the browser’s own bar, the recording waits and goes on with another share', async () => {
  const page = await recorderPage(ada)
  await record(page)
  await reaches(page, 3)
  for (const shared of ada.pages()) if ((await shared.title()) === 'SHARETARGET') await shared.close()
  await page.getByRole('group', { name: 'Sharing has ended' }).waitFor({ timeout: 10_000 })
  await page.getByRole('button', { name: 'Wait' }).click()
  await shoot(page, 'record-interrupted')
  await expectAccessible(page)
  const other = await openShared(ada)
  await page.bringToFront()
  const before = await elapsed(page)
  await page.getByRole('button', { name: 'Share again' }).click()
  await reaches(page, before + 2)
  await other.setViewportSize({ width: 900, height: 700 }) // a window that is resized
  await reaches(page, before + 5)
  const { seconds, link } = await stop(page)
  const file = await inspect(await original(page, (await client.byLink(link)).id))
  expect(Math.abs(file.seconds - seconds), `${file.seconds} s in the file, ${seconds} s on the clock`).toBeLessThan(2)
  expect(file.width, 'one size all the way').toBe(1280)
  // Frames that were put into the first one's size come from a canvas, and Chromium notes that their colours are described otherwise.
  expect(ada.problems.filter((p) => !p.includes('codec description'))).toEqual([])
})

test('six seconds without a network cost nothing', async () => {
  const wire = await Wire.to(program.base)
  try {
    const page = await recorderPage(ada, wire.base)
    await record(page)
    await reaches(page, 3)
    wire.cut()
    await page.locator('.safety', { hasText: 'waiting to upload' }).waitFor({ timeout: 15_000 })
    const cutAt = await elapsed(page)
    await reaches(page, cutAt + 5)
    wire.restore()
    const { seconds, link } = await stop(page)
    const file = await inspect(await original(page, (await client.byLink(link)).id))
    expect(Math.abs(file.seconds - seconds)).toBeLessThan(1.5)
    expect(ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('a browser that is killed in the middle loses at most two and a half seconds', async () => {
  const wire = await Wire.to(program.base) // the server must not have had everything already
  try {
    let ada = await person('killed')
    await logIn({ base: wire.base }, await ada.newPage())
    let page = await recorderPage(ada, wire.base)
    await record(page)
    const link = await page.getByLabel(/^Your link/).inputValue()
    await reaches(page, 3)
    wire.cut()
    await reaches(page, 8)
    const recorded = await elapsed(page)
    await killBrowser(ada.profile)
    wire.restore()

    ada = await person('killed')
    page = await ada.newPage()
    await comeBack(page, wire.base)
    const found = page.getByRole('region', { name: 'Recordings that are not all up yet' })
    await found.locator('strong', { hasText: 'was cut off' }).waitFor({ timeout: 20_000 })
    await expectAccessible(page)
    await shoot(page, 'record-recovery')
    await found.getByRole('button', { name: 'Discard…' }).click()
    await found.getByRole('button', { name: 'Keep it' }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), found.getByRole('button', { name: 'Download' }).click()])
    expect(download.suggestedFilename()).toMatch(/\((screen|camera)\)\.mp4$/)
    await found.locator('.num', { hasText: 'everything is on the server' }).waitFor({ timeout: 20_000 }) // by itself
    await found.getByRole('button', { name: 'Finish it' }).click()
    await found.locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
    const file = await inspect(await original(page, (await client.byLink(link)).id))
    process.stdout.write(`killed at ${recorded} s: ${file.seconds.toFixed(2)} s recovered\n`)
    expect(recorded - file.seconds).toBeLessThan(mostLostS())
    expect(await spools(page)).toEqual([])
    expect(ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('without files of its own, a browser keeps the recording in a database; a page that was left finishes it', async () => {
  const wire = await Wire.to(program.base)
  try {
    const ada = await person('database')
    await ada.route(/\/assets\/worker-/, async (route) => {
      const response = await route.fetch()
      const body = `delete FileSystemFileHandle.prototype.createSyncAccessHandle;${await response.text()}`
      await route.fulfill({ response, body })
    })
    await logIn({ base: wire.base }, await ada.newPage())
    const page = await recorderPage(ada, wire.base)
    page.on('dialog', (dialog) => void dialog.accept())
    await record(page)
    const link = await page.getByLabel(/^Your link/).inputValue()
    await reaches(page, 3)
    wire.cut()
    await reaches(page, 7)
    const recorded = await elapsed(page)
    wire.restore()
    await page.goto(wire.base)
    const found = page.getByRole('region', { name: 'Recordings that are not all up yet' })
    await found.getByRole('button', { name: 'Finish it' }).click({ timeout: 20_000 })
    await found.locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
    const file = await inspect(await original(page, (await client.byLink(link)).id))
    expect(recorded - file.seconds).toBeLessThan(mostLostS())
    expect(ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

/** A browser of somebody; the same name is the same person's again. */
async function person(name: string, flags = devices.flags, permissions?: string[]): Promise<Recorder> {
  const context = await openRecorder(join(folder, name), flags, permissions && { permissions })
  open.push(context)
  return context
}

async function showFailure(context: Recorder): Promise<void> {
  for (const [i, page] of context.pages().entries())
    await page.screenshot({ path: `${outFolder}failed-record-${i}.png` }).catch(() => undefined)
  process.stderr.write(`problems of a page:\n${context.problems.join('\n')}\n`)
}

/** The recorder, with a tab behind it that can be shared. */
async function recorderPage(context: Recorder, base = program.base): Promise<Page> {
  await openShared(context)
  const page = await context.newPage()
  await page.goto(`${base}/record`)
  await page.getByRole('radio', { name: 'Both' }).check({ force: true }) // what was chosen last is remembered
  return page
}

/** Opens the site again; a browser that was killed may have forgotten its cookie, which goes to the disk only now and then. */
async function comeBack(page: Page, base: string): Promise<void> {
  await page.goto(base)
  await page.getByRole('heading', { name: /^(Sign in|Your updates)$/ }).waitFor()
  if (new URL(page.url()).pathname === '/login') await logIn({ base }, page)
}

async function record(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('button', { name: 'Start now' }).click()
  await page.getByRole('button', { name: 'Stop and copy link' }).waitFor()
}

/** What may be missing at the end of a recording that was cut off: a piece, and on a machine that is busy with other things what its encoder is
 * behind. */
function mostLostS(): number {
  return (loadavg()[0] ?? 0) < 4 ? 2.5 : 6
}

/** Seconds on the recorder's clock. */
async function elapsed(page: Page): Promise<number> {
  const [minutes, seconds] = ((await page.getByRole('timer').textContent()) ?? '').split(':').map(Number)
  return (minutes ?? 0) * 60 + (seconds ?? 0)
}

async function reaches(page: Page, seconds: number): Promise<void> {
  await expect.poll(() => elapsed(page), { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(seconds)
}

/** Stops, and waits until the server has everything. The log has how long that took. */
async function stop(page: Page): Promise<{ seconds: number; link: string }> {
  await page.getByRole('button', { name: 'Stop and copy link' }).click()
  const began = performance.now()
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  process.stdout.write(`stop to everything on the server: ${Math.round(performance.now() - began)} ms\n`)
  await page.getByRole('heading', { name: 'Your link is copied' }).waitFor()
  const [minutes, seconds] = ((await page.locator('.finished .num').textContent()) ?? '').trim().split(/[: ]/).map(Number)
  return { seconds: (minutes ?? 0) * 60 + (seconds ?? 0), link: await page.evaluate(() => navigator.clipboard.readText()) }
}

/** The original as the owner downloads it, in a file. */
async function original(page: Page, videoId: string): Promise<string> {
  const answer = await page.request.get(`${program.base}/api/v1/videos/${videoId}/original`)
  expect(answer.status(), 'the original').toBe(200)
  const path = join(folder, `${videoId}.mp4`)
  await writeFile(path, await answer.body())
  return path
}

/** The takes that this browser keeps. */
function spools(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = []
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('recordings', { create: true })
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name)
    return names
  })
}

/** Ends every process of the browser with this profile at once, as a crash of the machine would. */
async function killBrowser(profile: string): Promise<void> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
    if (line.includes(`--user-data-dir=${profile}`) && /chrom/.test(exe)) process.kill(Number(pid), 'SIGKILL')
  }
}
