// Recording in the browser: a tab, a camera and a microphone go in, and a link comes out.
import { basename } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, logIn, shoot } from './browser'
import { inspect, openShared } from './recorder'
import { choose, elapsed, expectLength, inTheTrash, reaches, record, Studio, spools, stop } from './studio'

let studio: Studio

beforeAll(async () => {
  studio = await Studio.open()
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(() => studio?.close())

test('a tab, a camera and a voice become a link that is on the clipboard at stop', async () => {
  const page = await studio.recorderPage()
  await page.getByText('We hear you.').waitFor()
  expect((await page.request.get(`${studio.program.base}/record`)).headers()['permissions-policy']).toContain(
    'display-capture=(self)',
  )
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

  const file = await inspect(await studio.original(link))
  expect(file.kinds).toEqual(['audio', 'video'])
  expect(file.width).toBe(1280) // real pixels of the tab
  expectLength(file.seconds, seconds)
  const share = await studio.client.share(basename(link))
  expect(share.playback.tracks.map((t) => t.name).sort()).toEqual(['camera', 'screen'])
  await expect
    .poll(() => spools(page), { timeout: 60_000, message: 'recordings kept on the device after the video was ready' })
    .toEqual([])
  expect(studio.ada.problems).toEqual([])
})

test('a pause is not in the recording', async () => {
  const page = await studio.recorderPage()
  await choose(page, 'Screen')
  await record(page)
  await reaches(page, 3)
  await page.keyboard.press('Alt+Shift+KeyP')
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await shoot(page, 'record-paused')
  await expectAccessible(page)
  const paused = await elapsed(page)
  await page.getByRole('button', { name: 'Resume' }).click()
  await reaches(page, paused + 3)
  const { seconds, link } = await stop(page)
  const file = await inspect(await studio.original(link))
  expectLength(file.seconds, seconds)
  expect(studio.ada.problems).toEqual([])
})

test('a voice alone is a recording, and so is a camera alone', async () => {
  const page = await studio.recorderPage()
  for (const [name, kinds] of [
    ['Voice', ['audio']],
    ['Camera', ['audio', 'video']],
  ] as const) {
    await choose(page, name)
    await record(page)
    await reaches(page, 3)
    const { link } = await stop(page)
    expect((await inspect(await studio.original(link))).kinds, name).toEqual(kinds)
    await page.getByRole('button', { name: 'Record another one' }).click()
  }
  expect(studio.ada.problems).toEqual([])
})

test('a take that is cancelled goes to the trash, and Undo brings back everything that was recorded', async () => {
  const page = await studio.recorderPage()
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  await page.locator('.safety', { hasText: /^Safe on the server/ }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('It goes to the trash, and you can undo that.').waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-cancel')
  await page.getByRole('button', { name: 'Keep it' }).click()
  await reaches(page, 4)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Discard', exact: true }).click()
  const bar = page.getByRole('group', { name: 'Discarded recording' })
  await bar.getByText(inTheTrash).waitFor()
  const undo = bar.getByRole('button', { name: 'Undo' })
  expect(await undo.evaluate((button) => button === document.activeElement), 'the focus is on Undo').toBe(true)
  await page.getByRole('button', { name: 'Record', exact: true }).waitFor()
  await expect.poll(async () => (await page.request.get(link)).status()).toBe(404)
  await expectAccessible(page)
  await shoot(page, 'record-cancelled')

  await undo.press('Enter')
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  await bar.waitFor({ state: 'detached' })
  expect(await page.getByRole('textbox', { name: 'Link to this recording' }).inputValue()).toBe(link)
  const [, minutes, seconds] = /(\d+):(\d+) recorded/.exec((await page.locator('.finished').textContent()) ?? '') ?? []
  const file = await inspect(await studio.original(link))
  expect(file.kinds).toEqual(['audio', 'video'])
  expectLength(file.seconds, Number(minutes) * 60 + Number(seconds))
  await studio.client.reaches((await studio.client.byLink(link)).id, 'ready')
  expect((await page.request.get(link)).status()).toBe(200)
  await expect.poll(() => spools(page), { timeout: 60_000 }).toEqual([])
  expect(studio.ada.problems).toEqual([])
})

test('what is refused is said in a sentence, and leaves nothing behind', async () => {
  const ada = await studio.person(
    'denied',
    ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny'],
    {
      permissions: [],
    },
  )
  const page = await ada.newPage()
  await logIn(studio.program, page)
  const before = (await studio.client.videos()).length
  await page.getByRole('link', { name: 'New recording' }).click()
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('Nothing was shared.').waitFor()
  await choose(page, 'Camera')
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('alert').getByText('was not allowed to use your microphone').waitFor()
  await expectAccessible(page)
  await shoot(page, 'record-denied')
  expect((await studio.client.videos()).length).toBe(before)
  expect(ada.problems).toEqual([])
})

test('when sharing ends in the browser’s own bar, the recording waits and goes on with another share', async () => {
  const page = await studio.recorderPage()
  await record(page)
  await reaches(page, 3)
  for (const shared of studio.ada.pages()) if ((await shared.title()) === 'SHARETARGET') await shared.close()
  await page.getByRole('group', { name: 'Sharing has ended' }).waitFor({ timeout: 10_000 })
  await page.getByRole('button', { name: 'Wait' }).click()
  await shoot(page, 'record-interrupted')
  await expectAccessible(page)
  const other = await openShared(studio.ada)
  await page.bringToFront()
  const before = await elapsed(page)
  await page.getByRole('button', { name: 'Share again' }).click()
  await reaches(page, before + 2)
  await other.setViewportSize({ width: 900, height: 700 }) // a resized window
  await reaches(page, before + 5)
  const { seconds, link } = await stop(page)
  const file = await inspect(await studio.original(link))
  expectLength(file.seconds, seconds)
  expect(file.width, 'one size all the way').toBe(1280)
  // Frames that were scaled to the first one's size come from a canvas, and Chromium warns that
  // their colour description is different.
  expect(studio.ada.problems.filter((p) => !p.includes('codec description'))).toEqual([])
})
