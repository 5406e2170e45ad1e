// Two people in two browsers with two workspaces, a guest and a client: who sees what, and that it
// ends when it should.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectPlays, newPerson, openBrowser, setUp, shoot } from './browser'
import { clip } from './clips'
import { leave, type Person } from './people'
import { Program } from './program'

const soon = { timeout: 10_000 } // a rule takes effect within ten seconds

let program: Program
let adasBrowser: Browser
let bensBrowser: Browser
let folder: string

beforeAll(async () => {
  program = await Program.start()
  adasBrowser = await openBrowser()
  bensBrowser = await openBrowser()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
})
afterAll(async () => {
  await adasBrowser?.close()
  await bensBrowser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('two people, two workspaces, a guest and a client see what is theirs to see', async () => {
  const ada = await newPerson(adasBrowser, { locale: 'en-GB', timezoneId: 'Europe/Berlin' })
  const page = await ada.newPage()
  await setUp(program, page)
  await page.goto(program.base)
  await upload(page, 'Offer')
  const sheet = await openLinks(page, 'Offer')
  const open = await firstLink(sheet)
  const team = await makeLink(sheet, { name: 'Team', audience: 'Members of this workspace' })
  const secret = await makeLink(sheet, {
    name: 'Client',
    audience: 'People with a password',
    password: 'between us two',
  })
  await shoot(page, 'walk-links')
  await page.keyboard.press('Escape')

  // Ben has no account: the team's link shows him nothing until he is invited.
  const ben = await newPerson(bensBrowser, { locale: 'en-GB', timezoneId: 'Asia/Tokyo' })
  const his = await ben.newPage()
  await his.goto(team)
  await his.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
  await shoot(his, 'walk-nothing')
  await page.goto(`${program.base}/settings/members`)
  await page.getByRole('button', { name: 'Make the invite' }).click()
  await his.goto(await page.getByLabel('Invite link').inputValue())
  await his.getByLabel('Your name').fill('Ben')
  await his.getByLabel('E-mail').fill('ben@example.com')
  await his.getByLabel('Password').fill('a password of his own')
  await his.locator('form.form button').click()
  await his.getByRole('heading', { name: 'Your updates' }).waitFor()
  await his.goto(team)
  await expectPlays(his)

  // His own workspace has videos that Ada does not know about, and he stays a member of hers.
  await his.goto(`${program.base}/settings/workspace`)
  await his.getByLabel('Its name').fill('Studio')
  await his.getByRole('button', { name: 'Make it and switch to it' }).click()
  await his.locator('li', { hasText: 'Studio' }).getByText('Current').waitFor()
  await his.goto(program.base)
  await upload(his, 'Sketch')
  expect(await his.getByText('Offer').count(), 'a video of the other workspace').toBe(0)
  await his.getByLabel('Account of Ben').click()
  await his.getByText('Workspace: Studio').waitFor()
  await shoot(his, 'walk-account')
  await his.getByLabel('Account of Ben').click()
  const studioSheet = await openLinks(his, 'Sketch')
  const studio = await makeLink(studioSheet, { name: 'Studio only', audience: 'Members of this workspace' })
  await shoot(his, 'walk-studio')
  await his.keyboard.press('Escape')
  const sketch = await idOf(ben, 'Sketch')
  await page.goto(studio)
  await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()
  expect((await ada.request.get(`${program.base}/api/v1/videos/${sketch}`)).status()).toBe(404)
  await his.goto(team) // the other workspace is open, but he is still a member
  await expectPlays(his)
  await his.getByRole('textbox', { name: 'Your comment' }).waitFor()

  // A guest without an account comments on the open link.
  const guest = await newPerson(bensBrowser, { locale: 'en-GB', timezoneId: 'America/New_York' })
  const visit = await guest.newPage()
  await visit.goto(open)
  await expectPlays(visit)
  await visit.getByRole('textbox', { name: 'Your comment' }).fill('When does it begin?')
  await visit.getByLabel('Your name').fill('Gus')
  await visit.getByRole('button', { name: 'Comment', exact: true }).click()
  await visit.locator('.comment', { hasText: 'When does it begin?' }).waitFor()
  await his.locator('.comment', { hasText: 'When does it begin?' }).waitFor(soon)
  await expectAccessible(visit)
  await shoot(visit, 'walk-guest')

  // Without the password no byte comes. With it, all bytes come.
  const client = await newPerson(bensBrowser, { locale: 'en-GB', timezoneId: 'Australia/Sydney' })
  const theirs = await client.newPage()
  await theirs.goto(secret)
  await theirs.getByRole('heading', { name: 'This link asks for a password' }).waitFor()
  const bytes = [
    `/v/${basename(secret)}/poster.jpg`,
    `/v/${basename(secret)}/video.mp4`,
    `/api/v1/shares/${basename(secret)}`,
  ]
  const statuses = async (person: Person) =>
    Promise.all(bytes.map(async (path) => (await person.request.get(`${program.base}${path}`)).status()))
  expect(await statuses(client)).toEqual([401, 401, 401])
  await theirs.getByLabel('Password').fill('between us two')
  await theirs.getByRole('button', { name: 'Watch' }).click()
  await expectPlays(theirs)
  expect(await statuses(client)).toEqual([200, 200, 200])
  expect(await statuses(guest), 'the guest, who does not know the password').toEqual([401, 401, 401])
  const media = await theirs.locator('video').evaluate((v: HTMLVideoElement) => v.currentSrc)
  await shoot(theirs, 'walk-client')

  // Ben is removed: his open pages of the team's link end, and his own workspace stays his.
  await page.goto(`${program.base}/settings/members`)
  await page.getByRole('button', { name: 'Change Ben' }).click()
  await page.getByRole('button', { name: 'Remove Ben' }).click()
  await page.getByRole('button', { name: 'Remove Ben', exact: true }).click()
  await page.locator('li', { hasText: 'ben@example.com' }).waitFor({ state: 'detached' })
  await his.locator('.waiting .lead', { hasText: 'This link has ended or changed' }).waitFor(soon)
  await shoot(his, 'walk-removed')
  await his.goto(program.base)
  await his.getByText('Sketch').first().waitFor()
  await his.goto(team)
  await his.getByRole('heading', { name: 'There is nothing at this address' }).waitFor()

  // A video in the trash is gone for everybody, even for people who have an address of its bytes.
  await ada.request.delete(`${program.base}/api/v1/videos/${await idOf(ada, 'Offer')}`)
  for (const watching of [visit, theirs])
    await watching.locator('.waiting .lead', { hasText: 'This link has ended' }).waitFor(soon)
  await expect.poll(async () => (await client.request.get(media)).status(), soon).not.toBe(200)
  expect(await statuses(client)).toEqual([404, 404, 404])
  expect(await statuses(guest)).toEqual([404, 404, 404])

  // The log shows who did what.
  await page.goto(`${program.base}/settings/log`)
  const log = page.getByRole('list', { name: 'Log, newest first' })
  for (const line of [
    'made an invite',
    'joined',
    'signed in',
    'made a link: Client',
    'removed a member: ben@example.com',
    'moved a video to the trash: Offer',
  ])
    await log.getByText(line).first().waitFor()
  expect(await log.getByText('Sketch').count(), 'what happens in the other workspace').toBe(0)
  await expectAccessible(page)
  await shoot(page, 'walk-log')
  await leave(ada, ben, guest, client)
})

/** Uploads a small clip to the library and waits until it plays everywhere. */
async function upload(page: Page, title: string): Promise<void> {
  const small = ['-s', '320x180', '-r', '10', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles(await clip(join(folder, `${title}.mp4`), 12, small))
  await page.getByRole('button', { name: `More for ${title}` }).waitFor()
  const state = () =>
    page.evaluate(
      async (t) =>
        (await (await fetch('/api/v1/videos')).json()).items.find((v: { title: string }) => v.title === t)?.state,
      title,
    )
  await expect.poll(state, { timeout: 60_000 }).toBe('ready')
}

type Sheet = ReturnType<Page['getByRole']>

async function openLinks(page: Page, title: string): Promise<Sheet> {
  await page.getByRole('button', { name: `More for ${title}` }).click()
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const sheet = page.getByRole('dialog') // its name goes with what it shows
  await sheet.getByRole('listitem').first().waitFor()
  return sheet
}

const copied = async (row: Sheet): Promise<string> => {
  await row.getByRole('button', { name: 'Copy link' }).click()
  await row.getByText('Copied').first().waitFor()
  return row.page().evaluate(() => navigator.clipboard.readText())
}

const firstLink = (sheet: Sheet): Promise<string> => copied(sheet.getByRole('listitem').first())

async function makeLink(sheet: Sheet, link: { name: string; audience: string; password?: string }): Promise<string> {
  await sheet.getByRole('button', { name: 'New link' }).click()
  await sheet.getByRole('textbox', { name: 'Name' }).fill(link.name)
  await sheet.getByRole('radio', { name: link.audience }).check()
  if (link.password) await sheet.getByLabel('Password', { exact: true }).fill(link.password)
  await sheet.getByRole('button', { name: 'Make the link' }).click()
  return copied(sheet.getByRole('listitem').filter({ has: sheet.page().getByRole('heading', { name: link.name }) }))
}

async function idOf(person: Person, title: string): Promise<string> {
  const { items } = (await (await person.request.get(`${program.base}/api/v1/videos`)).json()) as {
    items: { id: string; title: string }[]
  }
  const found = items.find((v) => v.title === title)
  if (!found) throw new Error(`no video is called ${title}`)
  return found.id
}
