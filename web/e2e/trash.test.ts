// The trash: when a video is deleted for good, what restores it, and what deletes it earlier.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, newPerson, openBrowser, shoot } from './browser'
import { clip } from './clips'
import { leave, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

const zone = 'Pacific/Auckland'
const titles = [
  'Plans for the spring',
  'What we learned from a long week of talking to people who never answer their mail',
  'Notes',
]

let program: Program
let browser: Browser
let ada: SignedIn
let client: Client
let folder = ''
let ids: string[] = []

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  ada = await setUpOwner(program, browser)
  client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const file = await clip(join(folder, 'small.mp4'), 2, [
    '-s',
    '320x180',
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ])
  ids = []
  for (const title of titles) {
    const { videoId } = await client.upload(file, `${title}.mp4`)
    await client.reaches(videoId, 'ready')
    await client.trash(videoId)
    ids.push(videoId)
  }
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('each says when it goes for good, and goes before only when it is meant', async () => {
  const person = await newPerson(browser, { storageState: ada, timezoneId: zone, locale: 'en-GB' })
  const page = await person.newPage()
  await page.goto(`${program.base}/?view=trash`)
  const rows = page.getByRole('list', { name: 'Videos in the trash' }).getByRole('listitem')
  await expect.poll(() => rows.count()).toBe(3)
  const [spring, week, notes] = titles.map((title) => rows.filter({ hasText: title })) as [Locator, Locator, Locator]
  const answer = (await (await person.request.get(`${program.base}/api/v1/videos/${ids[0]}`)).json()) as {
    purge_at: string
  }
  const day = new Date(answer.purge_at)
  const sameYear = day.getFullYear() === new Date().getFullYear()
  const words = day.toLocaleDateString('en-GB', {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    year: sameYear ? undefined : 'numeric',
  })
  await spring.getByText(`Deleted for good on ${words}`).waitFor()
  await spring.getByText(/^In the trash since (today|yesterday) \d\d:\d\d$/).waitFor()
  await expectAccessible(page)
  await shoot(page, 'trash')

  const ask = week.getByRole('button', { name: `Delete forever ${titles[1]}` })
  await ask.click()
  const question = page.getByRole('group', { name: `Delete forever ${titles[1]}` })
  await question.getByText('nothing brings them back').waitFor()
  await expect.poll(() => focused(question.getByRole('button', { name: 'Cancel' }))).toBe(true)
  await expectAccessible(page)
  await shoot(page, 'trash-ask')
  await page.keyboard.press('Escape')
  await expect.poll(() => focused(ask)).toBe(true)
  expect((await client.video(ids[1] ?? '')).title, 'it is still there').toContain('What we learned')

  await ask.click()
  await person.setOffline(true)
  const yes = question.getByRole('button', { name: 'Delete forever' })
  await yes.click()
  await week.getByRole('alert').waitFor()
  await expect.poll(() => focused(yes), { message: 'what went wrong leaves the focus where it was' }).toBe(true)
  await shoot(page, 'trash-failed')
  await person.setOffline(false)
  await yes.click()
  await week.waitFor({ state: 'detached' })
  expect(await rows.count()).toBe(2)
  await expect.poll(() => focused(spring.getByRole('button', { name: 'Restore' }))).toBe(true)
  expect((await person.request.get(`${program.base}/api/v1/videos/${ids[1]}`)).status()).toBe(404)

  await notes.getByRole('button', { name: 'Restore Notes' }).click()
  await page.getByText('Back among your updates.').waitFor()
  await page.getByRole('button', { name: 'Undo: Notes' }).click()
  await notes.getByRole('button', { name: 'Restore Notes' }).waitFor()
  for (const title of ['Notes', titles[0] ?? '']) {
    await page.getByRole('button', { name: `Delete forever ${title}` }).click()
    await page.getByRole('group').getByRole('button', { name: 'Delete forever' }).click()
    await rows.filter({ hasText: title }).waitFor({ state: 'detached' })
  }
  await page.getByText('The trash is empty.').waitFor()
  await expect.poll(() => focused(page.getByRole('heading', { name: 'Trash' }))).toBe(true)
  await leave(person)
})

function focused(place: Locator): Promise<boolean> {
  return place.evaluate((element) => element === document.activeElement)
}
