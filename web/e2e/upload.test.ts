// The tus server, used by the page: files at the same time, and one upload that survives every
// interruption.
import { createHash } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, Locator, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, logIn, newPerson, openBrowser, shoot } from './browser'
import { clip } from './clips'
import { type Network, networkOf } from './network'
import { leave, type Person, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let signedIn: SignedIn
let page: Page
let network: Network
let client: Client
let folder: string
let large: string
let largeBytes: number
let asked = 0 // the browser's own question before a page closes

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  large = await clip(join(folder, 'large.mp4'), 6, [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-qp',
    '6',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ])
  largeBytes = (await stat(large)).size
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('several files go up side by side, each with its own progress, and one is given up', async () => {
  const ada = await open()
  const small = await clip(join(folder, 'third.mp4'), 1, ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac'])
  const [first, second] = [join(folder, 'first.mp4'), join(folder, 'second.mp4')]
  await copyFile(large, first)
  await copyFile(small, second)
  await network.narrow(largeBytes / 12)
  await choose(first, large, small)

  const rows = { first: uploading('first'), large: uploading('large'), third: uploading('third') }
  await at(rows.first, 'sending')
  await at(rows.large, 'sending')
  await at(rows.third, 'queued')
  await rows.third.getByText('Next in line').waitFor()
  await expect.poll(() => percentOf(rows.first), { timeout: 20_000 }).toBeGreaterThan(3)
  await expect.poll(() => percentOf(rows.large), { timeout: 20_000 }).toBeGreaterThan(3)
  await expectAccessible(page)
  await shoot(page, 'uploading')

  await rows.large.getByRole('button', { name: 'Pause large.mp4' }).click()
  await at(rows.large, 'paused')
  const held = await percentOf(rows.large)
  await at(rows.third, 'sending') // its place is free
  await choose(second)
  await at(uploading('second'), 'queued')
  const went = await percentOf(rows.first)
  await expect.poll(() => percentOf(rows.first), { timeout: 20_000 }).toBeGreaterThan(went)
  expect(await percentOf(rows.large), 'per cent of the paused upload').toBe(held)

  await rows.large.getByRole('button', { name: /^Copy link/ }).click()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect((await page.request.get(link)).status()).toBe(200)
  await rows.large.getByRole('button', { name: 'Cancel large.mp4' }).click()
  await rows.large.getByRole('button', { name: 'Keep it' }).click()
  await at(rows.large, 'paused')
  await rows.large.getByRole('button', { name: 'Cancel large.mp4' }).click()
  await rows.large.getByRole('button', { name: 'Cancel it' }).click()
  await rows.large.waitFor({ state: 'detached' }) // no second question
  expect((await page.request.get(link)).status()).toBe(404)

  await network.restore()
  await expect.poll(() => page.locator('.uploading').count(), { timeout: 30_000 }).toBe(0)
  await expect
    .poll(async () => (await client.videos()).map((v) => v.title).sort())
    .toEqual(['first', 'second', 'third'])
  expect(asked).toBe(0)
  expect(await remembered()).toEqual([])
  await leave(ada)
})

test('an upload goes on after a pause, a reload, a cut network and a killed server', async () => {
  const ada = await open()
  await network.narrow(largeBytes / 15)
  await choose(large)
  const row = uploading('large')
  await at(row, 'sending')
  await expect.poll(() => percentOf(row), { timeout: 20_000 }).toBeGreaterThan(8)

  await row.getByRole('button', { name: /^Pause/ }).click()
  await at(row, 'paused')
  expect(await percentOf(row)).toBeGreaterThan(0)
  const { id } = await newest()
  await expect.poll(async () => (await client.video(id)).uploaded_bytes).toBeGreaterThan(0)
  const paused = await goesOn(() => row.getByRole('button', { name: /^Resume/ }).click())
  await progresses(row)

  asked = 0
  await page.reload()
  expect(asked, 'questions before the page was left').toBe(1)
  const unfinished = page.getByRole('region', { name: 'Unfinished uploads' })
  await unfinished.getByText('large.mp4').waitFor()
  await page.getByRole('listitem').filter({ hasText: 'Choose the file again to go on' }).first().waitFor()
  await expectAccessible(page)
  await shoot(page, 'unfinished')
  const reloaded = await goesOn(() => choose(large))
  expect(reloaded).toBeGreaterThan(paused)
  await unfinished.waitFor({ state: 'detached' })
  await progresses(row)

  const cut = await goesOn(async () => {
    await network.cut()
    await at(row, 'waiting')
    await row.getByText('Waiting for the network').waitFor()
    await network.narrow(largeBytes / 15)
  })
  expect(cut).toBeGreaterThan(reloaded)
  await progresses(row)

  const { base } = program
  const killed = await goesOn(async () => {
    await program.kill()
    await at(row, 'waiting')
    await program.run(new URL(base).host)
  })
  expect(program.base).toBe(base)
  expect(killed, 'bytes that the killed server had answered for').toBeGreaterThanOrEqual(cut)
  await at(row, 'sending')

  await network.restore()
  await row.waitFor({ state: 'detached', timeout: 30_000 })
  expect((await newest()).id).toBe(id) // still the same video
  await client.reaches(id, 'ready')
  await page.locator(`[data-video="${id}"]`).getByText('Ready', { exact: true }).waitFor({ timeout: 15_000 })
  const original = await page.request.get(new URL((await client.video(id)).original_url ?? '', base).href)
  expect(sha256(await original.body())).toBe(sha256(await readFile(large)))
  expect(await remembered()).toEqual([])
  await leave(ada)
})

test('an upload whose session ended goes on after signing in in another tab', async () => {
  const ada = await open()
  const other = join(folder, 'other.mp4')
  await copyFile(large, other)
  await network.narrow(largeBytes / 6)
  await choose(other)
  const row = uploading('other')
  await at(row, 'sending')
  await expect.poll(() => percentOf(row), { timeout: 20_000 }).toBeGreaterThan(8)
  await row.getByRole('button', { name: /^Pause/ }).click()
  await at(row, 'paused')

  const tab = await ada.newPage()
  await tab.goto(program.base)
  await tab.getByLabel(/^Account of/).click()
  await tab.getByRole('button', { name: 'Sign out' }).click()
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.bringToFront()
  await row.getByRole('button', { name: /^Resume/ }).click()
  await at(row, 'signed-out')
  await row.getByText('Your session has ended. Nothing is lost.').waitFor()

  const offset = await goesOn(async () => {
    await tab.bringToFront()
    await logIn(program, tab)
    await tab.close()
    await page.bringToFront()
    // headless windows always have the focus
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  })
  expect(offset).toBeGreaterThan(0)
  await network.restore()
  await row.waitFor({ state: 'detached', timeout: 30_000 })
  await leave(ada)
})

/** A signed-in person with the library open. */
async function open(): Promise<Person> {
  const person = await newPerson(browser, { storageState: signedIn })
  page = await person.newPage()
  page.on('dialog', async (dialog) => {
    asked++
    await dialog.accept()
  })
  network = await networkOf(page)
  await page.goto(program.base)
  return person
}

async function choose(...paths: string[]): Promise<void> {
  await page.locator('.choose:not([disabled])').waitFor()
  await page.locator('input[type=file]').setInputFiles(paths)
}

function uploading(title: string): Locator {
  return page.locator('.uploading').filter({ hasText: title })
}

async function at(row: Locator, phase: string): Promise<void> {
  await expect.poll(() => row.getAttribute('data-upload', { timeout: 5_000 }), { timeout: 20_000 }).toBe(phase)
}

async function percentOf(row: Locator): Promise<number> {
  return Number(/(\d+) %/.exec((await row.locator('.meta').textContent()) ?? '')?.[1] ?? 0)
}

async function progresses(row: Locator): Promise<void> {
  const before = await percentOf(row)
  await expect.poll(() => percentOf(row), { timeout: 20_000 }).toBeGreaterThan(before + 4)
}

/**
 * After act the page asks for the upload's offset and continues there, without a new upload.
 * Returns the offset of the first sent bytes.
 */
async function goesOn(act: () => Promise<unknown>): Promise<number> {
  const methods: string[] = []
  const sent: Request[] = []
  const listen = (request: Request) => {
    if (!request.url().includes('/api/v1/files/')) return
    methods.push(request.method())
    if (request.method() === 'PATCH') sent.push(request)
  }
  page.on('request', listen)
  try {
    await act()
    // a request that hangs when its network changes is aborted after a minute
    await expect.poll(() => sent.length, { timeout: 90_000 }).toBeGreaterThan(0)
  } finally {
    page.off('request', listen)
  }
  expect(methods[0], methods.join(', ')).toBe('HEAD')
  expect(methods, methods.join(', ')).not.toContain('POST')
  const offset = Number(sent[0]?.headers()['upload-offset'])
  expect(offset, 'offset of the bytes that go on').toBeGreaterThan(0)
  return offset
}

async function newest(): Promise<{ id: string }> {
  const video = (await client.videos()).find((v) => v.title === basename(large, '.mp4'))
  if (!video) throw new Error('the upload has no video')
  return video
}

/** The uploads that this browser remembers. */
function remembered(): Promise<string[]> {
  return page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('meanwhile.upload.')))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
