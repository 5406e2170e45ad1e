// What must not be lost: a network that comes and goes, a server that is away, a killed browser, a
// closed page.

import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, logIn, shoot } from './browser'
import { inspect, openShared } from './recorder'
import {
  comeBack,
  elapsed,
  expectLength,
  expectLittleLost,
  followPieces,
  inTheTrash,
  killBrowser,
  leftovers,
  type Piece,
  piecesIn,
  reaches,
  record,
  Studio,
  sha256,
  spools,
  stop,
  stopped,
} from './studio'
import { Wire } from './wire'

let studio: Studio

beforeAll(async () => {
  studio = await Studio.open()
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(() => studio?.close())

test('with every fourth piece cut on its way, and six seconds without a network, each byte arrives', async () => {
  const wire = await Wire.to(studio.program.base)
  try {
    await openShared(studio.ada)
    const page = await studio.ada.newPage()
    const pieces = await followPieces(page)
    await page.goto(`${wire.base}/record`)
    wire.cutEveryNthPut(4)
    await record(page)
    await reaches(page, 4)
    wire.cut()
    await page.locator('.safety', { hasText: 'waiting to upload' }).waitFor({ timeout: 15_000 })
    const cutAt = await elapsed(page)
    await shoot(page, 'record-offline')
    await reaches(page, cutAt + 5)
    wire.restore()
    await reaches(page, cutAt + 8)
    const { seconds, link } = await stop(page)
    expect(wire.cuts).toBeGreaterThan(2)
    const path = await studio.original(link)
    await expectSame(path, pieces)
    expectLength((await inspect(path)).seconds, seconds)
    expect(studio.ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('a server that goes down and comes back has everything in the end', async () => {
  const page = await studio.recorderPage()
  await record(page)
  await reaches(page, 2)
  const { port } = new URL(studio.program.base)
  await studio.program.kill()
  await page.locator('.safety.warn-text', { hasText: 'waiting to upload' }).waitFor({ timeout: 15_000 })
  await reaches(page, (await elapsed(page)) + 2)
  await studio.program.run(`127.0.0.1:${port}`)
  const { seconds, link } = await stop(page)
  expectLength((await inspect(await studio.original(link))).seconds, seconds)
  expect(studio.ada.problems).toEqual([])
})

test('without a network at stop, the link is copied and the rest goes up by itself', async () => {
  const wire = await Wire.to(studio.program.base)
  try {
    const page = await studio.recorderPage(studio.ada, wire.base)
    await record(page)
    await reaches(page, 2)
    wire.cut()
    await reaches(page, 4)
    await page.getByRole('button', { name: 'Stop and copy link' }).click()
    await page.getByText('Nothing is lost: it goes on by itself').waitFor({ timeout: 15_000 })
    const { seconds, link } = await stopped(page)
    await expectAccessible(page)
    await shoot(page, 'record-offline-at-stop')
    wire.restore()
    await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
    expectLength((await inspect(await studio.original(link))).seconds, seconds)
    expect(studio.ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('a browser that is killed loses less than two seconds, and nothing that was kept', async () => {
  const wire = await Wire.to(studio.program.base) // the server must not have everything already
  try {
    let ada = await studio.person('killed')
    await logIn({ base: wire.base }, await ada.newPage())
    await openShared(ada)
    let page = await ada.newPage()
    const pieces = await followPieces(page)
    await page.goto(`${wire.base}/record`)
    await record(page)
    const link = await page.getByLabel(/^Your link/).inputValue()
    await reaches(page, 3)
    wire.cut()
    await reaches(page, 8)
    const killedAtMs = Date.now()
    await killBrowser(ada.profile)
    wire.restore()

    ada = await studio.person('killed')
    page = await ada.newPage()
    await comeBack(page, wire.base)
    const found = leftovers(page)
    await found.locator('strong', { hasText: 'was cut off' }).waitFor({ timeout: 20_000 })
    await expectAccessible(page)
    await shoot(page, 'record-recovery')
    await found.getByRole('button', { name: 'Discard…' }).click()
    await found.getByRole('button', { name: 'Keep it' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      found.getByRole('button', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/\((screen|camera)\)\.mp4$/)
    // without a click
    await found.locator('.num', { hasText: 'everything is on the server' }).waitFor({ timeout: 20_000 })
    await found.getByRole('button', { name: 'Finish it' }).click()
    await found.locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
    const path = await studio.original(link)
    await expectLittleLost(path, pieces, killedAtMs)
    expect(await spools(page)).toEqual([])
    expect(ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('without files of its own, a browser keeps the recording in a database; a later page finishes it', async () => {
  const wire = await Wire.to(studio.program.base)
  try {
    const ada = await studio.person('database')
    await ada.route(/\/assets\/worker-/, async (route) => {
      const response = await route.fetch()
      const body = `delete FileSystemFileHandle.prototype.createSyncAccessHandle;${await response.text()}`
      await route.fulfill({ response, body })
    })
    await logIn({ base: wire.base }, await ada.newPage())
    await openShared(ada)
    const page = await ada.newPage()
    const pieces = await followPieces(page)
    await page.goto(`${wire.base}/record`)
    page.on('dialog', (dialog) => void dialog.accept())
    await record(page)
    const link = await page.getByLabel(/^Your link/).inputValue()
    await reaches(page, 3)
    wire.cut()
    await reaches(page, 7)
    const leftAtMs = Date.now()
    wire.restore()
    await page.goto(wire.base)
    const found = leftovers(page)
    await found.getByRole('button', { name: 'Finish it' }).click({ timeout: 20_000 })
    await found.locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
    await expectLittleLost(await studio.original(link), pieces, leftAtMs)
    expect(ada.problems).toEqual([])
  } finally {
    await wire.close()
  }
})

test('a recording belongs to one tab at a time; what a closed one left can be discarded, and that undone', async () => {
  const ada = studio.ada
  const page = await studio.recorderPage()
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  const [id] = await spools(page)
  const second = await ada.newPage()
  await second.goto(studio.program.base)
  await page.bringToFront()
  await reaches(page, 2)
  expect(await leftovers(second).count(), 'offers of a recording that is still being made').toBe(0)
  await page.close() // the usual way: without any question answered
  const third = await ada.newPage()
  for (const tab of [second, third]) await tab.goto(studio.program.base)
  const holder = await Promise.race(
    [second, third].map(async (tab) => {
      await leftovers(tab).getByRole('button', { name: 'Finish it' }).waitFor({ timeout: 20_000 })
      return tab
    }),
  )
  const other = holder === second ? third : second
  const locks = await other.evaluate(async () => (await navigator.locks.query()).held?.map((lock) => lock.name))
  expect(locks?.filter((name) => name?.startsWith('meanwhile.take.'))).toEqual([`meanwhile.take.${id}`])
  expect(await leftovers(other).count(), 'offers in the other tab').toBe(0)
  const found = leftovers(holder)
  await found.getByRole('button', { name: 'Discard…' }).click()
  await found.locator('strong', { hasText: 'Discard this recording?' }).waitFor()
  await expectAccessible(holder)
  await shoot(holder, 'record-discard')
  await found.getByRole('button', { name: 'Discard', exact: true }).click()
  await found.locator('.num', { hasText: inTheTrash }).waitFor({ timeout: 20_000 })
  expect((await holder.request.get(link)).status()).toBe(404)
  const undo = found.getByRole('button', { name: 'Undo' })
  expect(await undo.evaluate((button) => button === document.activeElement), 'the focus is on Undo').toBe(true)
  await expectAccessible(holder)
  await shoot(holder, 'record-discarded')
  await undo.click()
  await found.locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
  expect((await inspect(await studio.original(link))).seconds).toBeGreaterThan(1)
  await expect.poll(() => spools(holder)).toEqual([])
  expect(ada.problems).toEqual([])
})

/** Every piece from the recorder is in the file, in order, and nothing else is. */
async function expectSame(path: string, pieces: readonly Piece[]): Promise<void> {
  const bytes = await readFile(path)
  expect(bytes.length).toBe(pieces.reduce((sum, p) => sum + p.sizeBytes, 0))
  expect((await piecesIn(path, pieces)).length).toBe(pieces.length)
  expect(sha256(bytes)).toMatch(/^[0-9a-f]{64}$/)
}
