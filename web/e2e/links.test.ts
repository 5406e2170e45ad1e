// Links with their own rules: made in the sheet, given to somebody without an account, and revoked.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, expectPlays, newPerson, openBrowser, shoot } from './browser'
import { clip } from './clips'
import { leave, type Person, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let client: Client
let signedIn: SignedIn
let folder: string
let video: { videoId: string; link: string }

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const small = await clip(join(folder, 'plan.mp4'), 12, [
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
  video = await client.upload(small)
  await client.rename(video.videoId, 'The plan for spring')
  await client.reaches(video.videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Ada's library, with the sheet open. */
async function openSheet(options: Parameters<typeof newPerson>[1] = {}): Promise<{ ada: Person; page: Page }> {
  const ada = await newPerson(browser, { storageState: signedIn, locale: 'en-GB', ...options })
  const page = await ada.newPage()
  await page.goto(program.base)
  await page.getByRole('button', { name: 'More for The plan for spring' }).click()
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.getByRole('dialog', { name: 'Share' }).getByRole('listitem').first().waitFor()
  return { ada, page }
}

const addressOf = (page: Page) => page.evaluate(() => navigator.clipboard.readText())

test('the sheet tells what is wrong beside the field, and gives the focus back', async () => {
  const { ada, page } = await openSheet()
  const sheet = page.getByRole('dialog')
  await expectAccessible(page)
  await sheet.getByRole('button', { name: 'New link' }).click()
  await sheet.getByRole('radio', { name: 'People with a password' }).check()
  await sheet.getByLabel('Password', { exact: true }).fill('short')
  await sheet.getByRole('button', { name: 'Make the link' }).click()
  await sheet.getByText('A password needs at least 6 characters.').waitFor()
  expect(
    await sheet.getByLabel('Password', { exact: true }).evaluate((field) => field === document.activeElement),
  ).toBe(true)
  await expectAccessible(page)
  await shoot(page, 'links-form')
  await sheet.getByRole('radio', { name: 'People you name' }).check()
  await sheet.getByLabel('Mail addresses').fill('ann@example.com, bo@example.com')
  await sheet.getByLabel('Ends').fill('2040-03-01T18:00')
  await sheet.getByRole('button', { name: 'Make the link' }).click()
  const made = sheet.getByRole('listitem').filter({ hasText: '2 people' })
  await made.getByText('Until 1 Mar 2040, 18:00, your time').waitFor()
  await made.getByText('These people, and an access link for each').click()
  await made.getByRole('button', { name: 'Make an access link for ann@example.com' }).click()
  expect(await made.getByLabel('Access link for ann@example.com').inputValue()).toContain(`${program.base}/pass/`)
  await expectAccessible(page)
  await shoot(page, 'links-sheet')

  await sheet.getByRole('button', { name: 'New link' }).press('Enter')
  await page.keyboard.press('Escape') // leaves the form, then the sheet
  await sheet.getByRole('button', { name: 'New link' }).waitFor()
  await page.keyboard.press('Escape')
  await sheet.waitFor({ state: 'detached' })
  const opener = page.getByRole('button', { name: 'More for The plan for spring' })
  expect(await opener.evaluate((button) => button === document.activeElement)).toBe(true)
  await leave(ada)
})

test('a client comes in by a password, and what they say waits for the owner', async () => {
  const { ada, page } = await openSheet({ timezoneId: 'Europe/Berlin' })
  const sheet = page.getByRole('dialog')
  await sheet.getByRole('button', { name: 'New link' }).click()
  await sheet.getByRole('textbox', { name: 'Name' }).fill('Client')
  await sheet.getByRole('radio', { name: 'People with a password' }).check()
  await sheet.getByLabel('Password', { exact: true }).fill('spring-plan')
  await sheet.getByRole('radio', { name: 'Held' }).check()
  await sheet.getByLabel('Ends').fill('2040-03-01T18:00')
  await sheet.getByText('Central European Standard Time').waitFor()
  await sheet.getByRole('button', { name: 'Make the link' }).click()
  const row = sheet.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Client' }) })
  await row.getByText('Until 1 Mar 2040, 18:00, your time').waitFor()
  await row.getByRole('button', { name: 'Copy link' }).click()
  await row.getByText('Copied').first().waitFor()
  const link = await addressOf(page)

  const guest = await newPerson(browser, { timezoneId: 'America/New_York', locale: 'en-GB' })
  const visit = await guest.newPage()
  await visit.goto(link)
  await visit.getByRole('heading', { name: 'This link asks for a password' }).waitFor()
  await expectAccessible(visit)
  await shoot(visit, 'gate-password')
  await visit.getByLabel('Password').fill('autumn-plan')
  await visit.getByRole('button', { name: 'Watch' }).click()
  await visit.getByRole('alert').waitFor()
  await visit.getByLabel('Password').fill('spring-plan')
  const opened = visit.waitForRequest((request) => request.url().endsWith('/opened'))
  await visit.getByRole('button', { name: 'Watch' }).click()
  await expectPlays(visit)
  // the viewer's time zone is six hours behind Berlin
  await visit.getByText('This link ends on 1 Mar 2040, 12:00, your time').waitFor()
  await opened
  await visit.getByRole('textbox', { name: 'Your comment' }).fill('Can we see the budget?')
  await visit.getByLabel('Your name').fill('Client Bo')
  await visit.getByRole('button', { name: 'Comment', exact: true }).click()
  await visit.getByText('Waits for approval; only you and Ada see it').waitFor()
  await expectAccessible(visit)
  await shoot(visit, 'watch-held')
  await visit.reload()
  await visit
    .locator('.comment', { hasText: 'Can we see the budget?' })
    .getByText('Waits for approval; only you and Ada see it')
    .waitFor()

  const own = await ada.newPage()
  let counted = 0
  own.on('request', (request) => request.url().endsWith('/opened') && counted++)
  await own.goto(link)
  const held = own.locator('.comment', { hasText: 'Can we see the budget?' })
  await held.getByText('Waits for your approval; only you and Client Bo see it').waitFor()
  await expectAccessible(own)
  await shoot(own, 'watch-approve')
  await held.getByRole('button', { name: 'Approve' }).click()
  await held.getByText('Waits for your approval').waitFor({ state: 'detached' })
  const waits = visit.getByText('Waits for approval')
  await waits.waitFor({ state: 'detached', timeout: 10_000 })
  await visit.getByText('Can we see the budget?').waitFor()
  expect(counted).toBe(0)

  await own.getByRole('button', { name: 'Share', exact: true }).click()
  await own.getByRole('button', { name: 'Links and who may watch' }).click()
  const there = own
    .getByRole('dialog', { name: 'Share' })
    .getByRole('listitem')
    .filter({ hasText: 'Asks for a password' })
  await there.getByText('Opened once').waitFor()
  await there.getByRole('button', { name: /^Revoke/ }).click()
  await there.getByText('It stops working at once').waitFor()
  await expectAccessible(own)
  await shoot(own, 'links-revoke')
  await there.getByRole('button', { name: 'Revoke it' }).click()
  await own.getByText('1 revoked link').waitFor()
  await visit.locator('.waiting .lead', { hasText: 'This link has ended or changed' }).waitFor({ timeout: 10_000 })
  expect(await visit.getByText('This link ends on').count()).toBe(0)
  await expectAccessible(visit)
  await shoot(visit, 'watch-revoked')
  await visit.getByRole('button', { name: 'Load again' }).click()
  await visit.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
  const token = new URL(link).pathname
  expect(await visit.locator('main a[data-sign-in]').getAttribute('href')).toBe(
    `/login?next=${encodeURIComponent(token)}`,
  )
  await expectAccessible(visit)
  await shoot(visit, 'gone')
  await leave(ada, guest)
})
