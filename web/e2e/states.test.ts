// What people see before and instead of a video: it is on its way, failed, gone, signed out.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { expectAccessible, expectPlays, logIn, newPerson, openBrowser, shoot } from './browser'
import { clip } from './clips'
import { leave, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let client: Client
let signedIn: SignedIn
let folder: string
let short: Begun // a few seconds, ready

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const made = ['-s', '320x180', '-r', '10', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  short = await client.upload(await clip(join(folder, 'short.mp4'), 3, made))
  await client.reaches(short.videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a file that holds no video fails with its sentence, can be tried again and taken back', async () => {
  const path = join(folder, 'notes.mp4')
  await writeFile(path, 'These are words.\n'.repeat(40))
  const { videoId, link } = await client.upload(path)
  await client.reaches(videoId, 'failed')
  const sentence = (await client.video(videoId)).failure ?? ''
  expect(sentence).toMatch(/^We cannot read this kind of file \(text\/plain\)\. MP4, .* work\. The original is kept\.$/)

  const guest = await newPerson(browser)
  const seen = await guest.newPage()
  expect((await seen.goto(link))?.status()).toBe(200)
  await seen.locator('.waiting .lead', { hasText: sentence }).waitFor()
  await seen.getByText('Its owner can try again.').waitFor()
  expect(await seen.locator('video').count()).toBe(0)
  expect(await seen.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  expect(await seen.getByRole('link', { name: /original/ }).count()).toBe(0)
  expect((await seen.request.get(`${program.base}/api/v1/videos/${videoId}/original`)).status()).toBe(401)
  await expectAccessible(seen)
  await shoot(seen, 'failed-guest')

  const ada = await newPerson(browser, { storageState: signedIn })
  const own = await ada.newPage()
  await own.goto(link)
  await own.locator('.waiting .lead', { hasText: sentence }).waitFor()
  expect(await own.getByText(sentence).count(), 'times that the page says it').toBe(1)
  const original = own.getByRole('link', { name: 'Download the original' })
  const [download] = await Promise.all([own.waitForEvent('download'), original.click()])
  expect(download.suggestedFilename()).toBe('notes.mp4')
  expect(await readFile(await download.path())).toEqual(await readFile(path))
  await expectAccessible(own)
  await shoot(own, 'failed-owner')
  const leads = await collectLeads(own)
  const [again] = await Promise.all([
    own.waitForResponse((response) => response.url().endsWith('/reprocess')),
    own.getByRole('button', { name: 'Try again' }).click(),
  ])
  expect(again.status()).toBe(202)
  await expect
    .poll(leads, { timeout: 30_000 })
    .toEqual([sentence, expect.stringMatching(/^Getting it ready to play/), sentence])
  await own.getByRole('button', { name: 'Try again' }).waitFor() // once more, if they like

  await own.goto(program.base)
  const row = own.locator(`[data-video="${videoId}"]`)
  await row.getByText(sentence).first().waitFor()
  expect(await row.getByText(sentence).count(), 'times that the row says it').toBe(1)
  await row.getByRole('button', { name: 'Try again: notes' }).waitFor()
  await row.getByRole('button', { name: 'More for notes' }).click()
  const menu = await row.getByRole('link', { name: 'Download the original' }).getAttribute('href')
  expect(await (await own.request.get(new URL(menu ?? '', program.base).href)).body()).toEqual(await readFile(path))
  await expectAccessible(own)
  await leave(guest, ada)
})

test('what was never there looks like what is in the trash; an open page says that its link has ended', async () => {
  const { videoId, link } = await client.begin('secret-plans.mp4', 1000)
  const guest = await newPerson(browser)
  const open = await guest.newPage()
  await open.goto(link)
  await open.locator('.waiting .lead', { hasText: 'Still on its way to the server' }).waitFor()
  await client.trash(videoId)
  await open.locator('.waiting .lead', { hasText: 'This link has ended' }).waitFor({ timeout: 15_000 })

  const texts: string[] = []
  for (const address of [link, `${program.base}/v/${'a'.repeat(26)}`, `${program.base}/nothing/here`]) {
    const page = await guest.newPage()
    expect((await page.goto(address))?.status(), address).toBe(404)
    await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
    texts.push((await page.locator('body').textContent()) ?? '')
    expect(await page.content()).not.toContain('secret-plans')
    await page.close()
  }
  expect(new Set(texts).size).toBe(1)
  await leave(guest)
})

test('a page whose link ends before its stream has begun says so, too', async () => {
  const { videoId, link } = await client.begin('late-news.mp4', 1000)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.route('**/api/v1/events*', async (route) => {
    await client.trash(videoId)
    await route.continue()
    await page.unroute('**/api/v1/events*')
  })
  await page.goto(link)
  await page.locator('.waiting .lead', { hasText: 'This link has ended' }).waitFor({ timeout: 15_000 })
  await leave(guest)
})

test('a page that was opened during the upload becomes a player by itself', async () => {
  // MPEG-4 in AVI must be encoded before any browser plays it.
  const path = await clip(join(folder, 'late.avi'), 6, ['-c:v', 'mpeg4', '-q:v', '3', '-c:a', 'mp3'])
  const bytes = new Uint8Array(await readFile(path))
  const begun = await client.begin('late.avi', bytes.length)
  const half = Math.floor(bytes.length / 2)
  await client.send(begun, bytes.slice(0, half), 0)

  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(begun.link)
  await page.locator('.waiting .lead', { hasText: /^Still on its way to the server: (49|50) %$/ }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'watch-uploading')
  let navigations = 0
  page.on('framenavigated', () => navigations++)
  const leads = await collectLeads(page)

  await client.send(begun, bytes.slice(half), half)
  await page.locator('.waiting .lead', { hasText: 'Getting it ready to play' }).waitFor({ timeout: 20_000 })
  await page.locator('video').waitFor({ timeout: 60_000 })
  await expectPlays(page)
  expect(await leads()).toContainEqual(expect.stringMatching(/^Getting it ready to play: [1-9]\d? %$/))
  expect(navigations).toBe(0)
  await leave(guest)
})

test('an ended session is said, and the library goes on after signing in in another tab', async () => {
  const ada = await newPerson(browser)
  const page = await ada.newPage()
  await logIn(program, page)
  await page.locator(`[data-video="${short.videoId}"]`).waitFor()
  const watch = await ada.newPage()
  await watch.goto(short.link)
  await watch.getByRole('textbox', { name: 'Your comment' }).fill('Said after the session had ended')

  const tab = await ada.newPage()
  await tab.goto(program.base)
  await tab.getByLabel(/^Account of/).click()
  await tab.getByRole('button', { name: 'Sign out' }).click()
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor()

  await watch.getByRole('button', { name: 'Comment', exact: true }).click()
  await expect.poll(() => watch.locator('#composer .status').textContent()).toMatch(/\S.*\.$/)
  expect(await watch.getByRole('textbox', { name: 'Your comment' }).inputValue()).toBe(
    'Said after the session had ended',
  )

  await page.bringToFront()
  await page.getByRole('searchbox').fill('short')
  await page.getByText('Your session has ended.').waitFor({ timeout: 5_000 })
  await expectAccessible(page)
  await shoot(page, 'library-signed-out')
  await tab.bringToFront()
  await logIn(program, tab)
  await page.bringToFront()
  // headless windows always have the focus
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await page.locator(`[data-video="${short.videoId}"]`).waitFor()
  expect(await page.getByText('Your session has ended.').count()).toBe(0)
  await leave(ada)
})

/** Every sentence in the player's place from now on, including the current one. */
async function collectLeads(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const place = document.querySelector('mw-player')
    const leads: string[] = []
    const look = () => {
      const lead = place?.querySelector('.lead')?.textContent ?? ''
      if (lead !== '' && leads.at(-1) !== lead) leads.push(lead)
    }
    look()
    if (place) new MutationObserver(look).observe(place, { childList: true, subtree: true, characterData: true })
    Object.assign(window, { leads })
  })
  return () => page.evaluate(() => (window as unknown as { leads: string[] }).leads)
}
