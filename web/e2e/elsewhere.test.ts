// An update outside its own page: the player in a frame of another origin, the snippets for other
// pages, and the moving previews of the library.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { expectAccessible, newPerson, openBrowser, shoot, startMuted } from './browser'
import { clip } from './clips'
import { leave, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let signedIn: SignedIn
let client: Client
let folder: string
let site: Server
let siteUrl: string // another origin and site: localhost instead of 127.0.0.1
let framed = '' // what the other site's page holds
let short: Begun

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const made = [
    '-s',
    '640x360',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '30',
    '-c:a',
    'aac',
  ]
  short = await client.upload(await clip(join(folder, 'short.mp4'), 6, made))
  await client.rename(short.videoId, 'Short & [sharp]')
  site = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html; charset=utf-8')
    answer.end(
      `<!doctype html><html lang="en"><title>Elsewhere</title><style>iframe { max-width: 100% }</style><h1>Elsewhere</h1>${framed}`,
    )
  })
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve))
  siteUrl = `http://localhost:${(site.address() as AddressInfo).port}/`
  await client.reaches(short.videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  site?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('what is copied for other pages shows the update there, with its way back', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(onIp(short.link))
  await page.getByRole('button', { name: 'Share' }).click()
  await shoot(page, 'watch-share')
  await page.getByRole('button', { name: 'Copy Markdown' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const link = onIp(short.link)
  expect(await copied(page)).toBe(`[![Short & \\[sharp\\]](${link}/poster.jpg)](${link})`)
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('button', { name: 'Copy embed code' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  framed = await copied(page)
  expect(framed).toContain(
    `src="${link.replace('/v/', '/embed/')}" width="960" height="540" title="Short &amp; [sharp]"`,
  )

  // In a frame, the owner's browser shows no more than a stranger's.
  const ada = await newPerson(browser, { storageState: signedIn })
  const other = await ada.newPage()
  const asked: string[] = []
  other.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await other.goto(siteUrl)
  const frame = other.frameLocator('iframe')
  await frame.locator('select.speed').waitFor()
  await frame.locator('.big').click()
  await expect
    .poll(() => frame.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime), { timeout: 15_000 })
    .toBeGreaterThan(0.5)
  await frame.locator('video').evaluate((v: HTMLVideoElement) => v.pause())
  await expectAccessible(other)
  await shoot(other, 'embed')
  expect(asked.filter((path) => path.startsWith('/api/'))).toEqual([])
  const way = frame.getByRole('link', { name: 'Short & [sharp]' })
  const [opened] = await Promise.all([ada.waitForEvent('page'), way.click()])
  await opened.getByRole('heading', { name: 'Short & [sharp]' }).waitFor()
  expect(opened.url()).toBe(link)
  await leave(guest, ada)
})

test('a frame of a link that shows nothing says so, and the watch page is in no frame', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  framed = `<iframe title="gone" width="600" height="340" src="${onIp(program.base)}/embed/${'a'.repeat(26)}"></iframe>`
  await page.goto(siteUrl)
  await page.frameLocator('iframe').getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
  await shoot(page, 'embed-gone')
  await leave(guest)

  const other = await newPerson(browser)
  const tried = await other.newPage()
  framed = `<iframe title="refused" src="${onIp(short.link)}"></iframe>`
  await tried.goto(siteUrl)
  await expect.poll(() => other.problems.join('\n')).toContain('frame-ancestors')
  await other.close()
})

test('an embedded player appears when the video can play', async () => {
  const { link, uploadUrl, videoId } = await client.begin('later.mp4', 1000)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  framed = `<iframe title="later" width="600" height="340" src="${onIp(link).replace('/v/', '/embed/')}"></iframe>`
  await page.goto(siteUrl)
  const frame = page.frameLocator('iframe')
  await frame.locator('.waiting .lead', { hasText: 'Still on its way to the server' }).waitFor()
  await client.trash(videoId)
  await frame.locator('.waiting .lead', { hasText: 'This link has ended' }).waitFor({ timeout: 15_000 })
  expect(uploadUrl).not.toBe('')
  await leave(guest)
})

test('an owner has a video processed again while it plays on', async () => {
  const ada = await newPerson(browser, { storageState: signedIn })
  const page = await ada.newPage()
  await page.goto(short.link)
  await page.locator('select.speed').waitFor()
  await page.locator('video').evaluate((v: HTMLVideoElement) => {
    v.loop = true
  })
  await startMuted(page.locator('video'))
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await expectAccessible(page)
  await shoot(page, 'watch-more')
  await page.getByRole('button', { name: 'Process it again' }).click()
  await page.getByText(/^(Making it better|A sharper version is being made)/).waitFor()
  expect((await client.video(short.videoId)).state).toBe('ready')
  await client.reaches(short.videoId, 'ready')
  await expect.poll(() => page.locator('#improving').textContent()).toBe('')
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => v.paused)).toBe(false)
  await page.getByRole('button', { name: 'More', exact: true }).click()
  expect(await page.getByRole('button', { name: 'Process it again' }).isEnabled()).toBe(true)

  const guest = await newPerson(browser)
  const seen = await guest.newPage()
  await seen.goto(short.link)
  await seen.getByRole('button', { name: 'Share' }).waitFor()
  expect(await seen.getByRole('button', { name: 'More', exact: true }).count()).toBe(0)
  await leave(ada, guest)
})

test('a video of the library moves while somebody points at it, and only then', async () => {
  const ada = await newPerson(browser, { storageState: signedIn })
  const page = await ada.newPage()
  const asked: string[] = []
  page.on('request', (request) => request.url().endsWith('/preview') && asked.push(request.url()))
  await page.goto(program.base)
  const row = page.locator(`[data-video="${short.videoId}"]`)
  await row.getByText('Ready', { exact: true }).waitFor()
  expect(asked).toEqual([])
  await row.locator('.poster').hover()
  const moving = row.locator('.poster video.moving')
  await moving.waitFor()
  expect(await moving.evaluate((v: HTMLVideoElement) => [v.muted, v.loop, v.paused])).toEqual([true, true, false])
  await shoot(page, 'library-hover')
  await page.mouse.move(5, 5)
  await moving.waitFor({ state: 'detached' })
  await row.locator('a.t').focus()
  await moving.waitFor()

  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.reload()
  await row.getByText('Ready', { exact: true }).waitFor()
  const before = asked.length
  await row.locator('.poster').hover()
  await row.locator('a.t').focus()
  // longer than a pointer must rest
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)))
  expect(asked.length).toBe(before)
  expect(await row.locator('.poster video').count()).toBe(0)
  await leave(ada)
})

/** The same address with 127.0.0.1: another site than localhost. */
function onIp(url: string): string {
  return url.replace('//localhost:', '//127.0.0.1:')
}

function copied(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText())
}
