// The conversation on a link: text that survives, streams that come back, many comments, and
// malicious comments.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, newPerson, openBrowser, shoot } from './browser'
import { clip } from './clips'
import { networkOf } from './network'
import { leave, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let client: Client
let signedIn: SignedIn
let folder: string
let small: string

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  small = await clip(join(folder, 'small.mp4'), 12, [
    '-s',
    '320x180',
    '-r',
    '10',
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ])
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('words survive a lost network and a reload, and go out after', async () => {
  const { link } = await client.begin('words.mp4', 1000)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(link)
  const network = await networkOf(page)
  const field = page.getByRole('textbox', { name: 'Your comment' })
  await field.fill('Written on a train')
  await page.getByLabel('Your name').fill('Client')
  await network.cut()
  await page.locator('.connection', { hasText: 'No connection.' }).waitFor()
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  // what comes first: that the network is gone, or that nobody answers
  await page.getByText(/^(You are offline|The server did not answer)\. Your words are kept here/).waitFor()
  expect(await field.inputValue()).toBe('Written on a train')

  await network.restore()
  await page.reload()
  // the page's script restores the draft
  await expect.poll(() => field.inputValue()).toBe('Written on a train')
  expect(await page.locator('.comment').count()).toBe(0)
  await page.getByText('Draft kept on this device').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await page.locator('.comment', { hasText: 'Written on a train' }).getByText('Client', { exact: true }).waitFor()
  await page.reload()
  await page.locator('.comment', { hasText: 'Written on a train' }).getByText('Client', { exact: true }).waitFor()
  expect(await field.inputValue()).toBe('')
  await leave(guest)
})

test('words that were typed before the scripts came survive a reload', async () => {
  const { link } = await client.begin('early.mp4', 1000)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  let release = (): void => {}
  const typed = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/assets/*.js', async (route) => {
    await typed
    await route.continue()
  })
  await page.goto(link, { waitUntil: 'commit' })
  const field = page.getByRole('textbox', { name: 'Your comment' })
  await field.fill('Written at once')
  release()
  await page.getByText('Draft kept on this device').waitFor()
  await page.reload()
  await page.getByText('Draft kept on this device').waitFor()
  expect(await field.inputValue()).toBe('Written at once')
  await leave(guest)
})

test('a stream that was cut brings what was said meanwhile', async () => {
  const { link } = await client.begin('talk.mp4', 1000)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(link)
  const network = await networkOf(page)
  let navigations = 0
  page.on('framenavigated', () => navigations++)
  const bodies = () => page.locator('.comment .body').allTextContents()
  await client.comment(link, 'before', 1)
  await expect.poll(bodies).toEqual(['before'])

  await network.cut()
  const note = page.locator('.connection', { hasText: 'No connection.' })
  await note.waitFor()
  for (const [i, body] of ['first', 'second', 'third'].entries()) await client.comment(link, body, 2 + i)
  expect(await bodies()).toEqual(['before'])
  await network.restore()
  await expect.poll(bodies).toEqual(['before', 'first', 'second', 'third'])
  await note.waitFor({ state: 'detached', timeout: 15_000 })

  await program.kill()
  await note.waitFor({ timeout: 15_000 })
  await program.run(new URL(client.base).host)
  await client.comment(link, 'after the server was killed', 9)
  await expect
    .poll(bodies, { timeout: 40_000 })
    .toEqual(['before', 'first', 'second', 'third', 'after the server was killed'])
  await note.waitFor({ state: 'detached', timeout: 15_000 })
  expect(navigations).toBe(0)
  await leave(guest)
})

test('a hundred and twenty comments are all there, and each has its place on the seek bar', async () => {
  const { videoId, link } = await client.upload(small)
  for (let i = 0; i < 120; i++) await client.comment(link, `Comment number ${i}`, i * 100)
  await client.reaches(videoId, 'ready')

  const plain = await newPerson(browser, { javaScriptEnabled: false })
  const still = await plain.newPage()
  expect(await (await still.goto(link))?.text()).toContain('There are more comments than these.')
  expect(await still.locator('.comment').count()).toBe(100) // the first page comes with the HTML

  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(link)
  const bodies = page.locator('.comment .body')
  await expect.poll(() => bodies.count()).toBe(120)
  expect(await bodies.allTextContents()).toEqual(Array.from({ length: 120 }, (_, i) => `Comment number ${i}`))
  expect(await page.locator('#count').textContent()).toBe('120')
  const marked = async () => {
    const texts = await page.locator('.markers .marker').allTextContents()
    return texts.reduce((sum, text) => sum + (Number(text) || 1), 0)
  }
  await expect.poll(marked).toBe(120)

  const last = page.locator('.markers .marker').last()
  const want = /^(\d+):(\d\d) /.exec((await last.getAttribute('title')) ?? '')
  await last.click()
  const at = Number(want?.[1]) * 60 + Number(want?.[2])
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => Math.floor(v.currentTime))).toBe(at)
  await page.locator('.comment.lit').waitFor()
  await expectAccessible(page)
  await shoot(page, 'watch-many')
  await leave(guest, plain)
})

test('nothing that people write becomes a part of the page', async () => {
  const { videoId, link } = await client.upload(small, 'named.mp4')
  const payloads = [
    '<script>window.harmed = 1; alert(1)</script>',
    '<img src=x onerror="window.harmed = 2; alert(2)">',
    '"><svg onload="window.harmed = 3">',
    '</script><script>window.harmed = 4</script>',
    '<!-- <script> --> <b>bold</b> &lt;i&gt;',
    'javascript:window.harmed=5 JaVaScRiPt:alert(5) data:text/html,<script>alert(5)</script>',
    'https://example.com/"onmouseover="window.harmed=6',
    "https://example.com/'><img src=x onerror=alert(7)>",
    '{{constructor.constructor("window.harmed=8")()}}',
  ]
  for (const payload of payloads) await client.comment(link, payload)
  await client.rename(videoId, '</title><script>window.harmed = 9</script><img src=x onerror=alert(9)>')
  await client.reaches(videoId, 'ready')

  const ada = await newPerson(browser, { storageState: signedIn })
  const plain = await newPerson(browser, { javaScriptEnabled: false })
  let dialogs = 0
  for (const [person, address] of [
    [plain, link],
    [ada, link],
    [ada, program.base],
  ] as const) {
    const page = await person.newPage()
    page.on('dialog', (dialog) => {
      dialogs++
      return dialog.dismiss()
    })
    await page.goto(address)
    if (address === link) {
      await expect.poll(() => page.locator('.comment .body').count()).toBe(payloads.length)
      expect((await page.locator('.comment .body').allTextContents()).sort()).toEqual([...payloads].sort())
      expect(await page.locator('.comment :is(img, svg, script, b, i, [onmouseover], [onerror])').count()).toBe(0)
    }
    await page.getByText('<script>window.harmed = 9</script>').first().waitFor()
    expect(await page.locator('img[src="x"], [onload], [onerror], [onmouseover]').count()).toBe(0)
    const addresses = await page
      .locator('a')
      .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).protocol))
    expect(addresses.filter((protocol) => !/^https?:$/.test(protocol))).toEqual([])
    if (person !== plain) expect(await page.evaluate(() => (window as { harmed?: number }).harmed)).toBeUndefined()
  }
  expect(dialogs).toBe(0)
  await leave(ada, plain)
})
