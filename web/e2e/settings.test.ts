// The settings: people are invited, change their role and leave; a browser is signed out; a key
// works until it is deleted; comments wait; and the log shows all of it.
import { basename } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, logIn, newPerson, openBrowser, shoot } from './browser'
import { leave, type SignedIn, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let ada: SignedIn

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  ada = await setUpOwner(program, browser)
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
})

test('who is not signed in comes back to the part that they asked for', async () => {
  const person = await newPerson(browser)
  const page = await person.newPage()
  await page.goto(`${program.base}/settings/keys`)
  await page.getByLabel('E-mail').fill('ada@example.com')
  await page.getByLabel('Password').fill('a long password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'API keys' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/settings/keys')
  await page.getByLabel('Account of Ada').click()
  await page.getByRole('link', { name: 'Settings', exact: true }).click()
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor()
  await leave(person)
})

test('a profile and a picture are saved, and an account is not deleted by mistake', async () => {
  const person = await newPerson(browser, { storageState: ada, timezoneId: 'Pacific/Auckland' })
  const page = await open(person, 'you')
  const picture = (await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } })) as Buffer
  await page.getByLabel('A picture of you').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: picture })
  await page.getByRole('button', { name: 'Use this picture' }).click()
  await page.getByRole('button', { name: 'Choose another picture' }).waitFor()
  await expect
    .poll(() => page.locator('img.face.large').evaluate((img: HTMLImageElement) => img.naturalWidth))
    .toBe(256)
  await page.getByLabel('Time zone').fill('')
  await page.getByRole('button', { name: 'Use Pacific/Auckland' }).click()
  await page.getByLabel('Language').fill('en-NZ')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').last().waitFor()
  await inspect(page, 'you')
  await page.reload()
  expect(await page.getByLabel('Time zone').inputValue()).toBe('Pacific/Auckland')
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('button', { name: 'Choose a picture' }).waitFor()
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByLabel('Your password, to confirm').fill('a wrong password')
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByRole('alert').waitFor()
  await inspect(page, 'you-delete')
  await leave(person)
})

test('an owner invites by link, changes a role, and removes', async () => {
  const owner = await newPerson(browser, { storageState: ada })
  const page = await open(owner, 'members')
  await page.getByText('There are none.').waitFor()
  await page.getByRole('button', { name: 'Make the invite' }).click()
  const link = await page.getByLabel('Invite link').inputValue()
  expect(link).toMatch(new RegExp(`^${program.base}/invite/.{20,}`))
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link)
  await page.getByRole('list', { name: 'Open invites' }).getByText('Anyone with the link').waitFor()
  await inspect(page, 'members-invite')

  const bea = await newPerson(browser)
  const hers = await bea.newPage()
  await hers.goto(link)
  await hers.getByLabel('Your name').fill('Bea')
  await hers.getByLabel('E-mail').fill('bea@example.com')
  await hers.getByLabel('Password').fill('a password of her own')
  await hers.locator('form.form button').click()
  await hers.getByRole('heading', { name: 'Your updates' }).waitFor()
  await hers.goto(`${program.base}/settings/members`)
  await hers.getByRole('list', { name: 'Members of Team' }).getByText('ada@example.com').waitFor()
  expect(await hers.getByRole('button', { name: 'Make the invite' }).count()).toBe(0)
  expect(await hers.getByRole('link', { name: 'Log', exact: true }).count()).toBe(0)
  await inspect(hers, 'members-member')

  await page.reload()
  await page.getByRole('button', { name: 'Change Bea' }).click()
  await page.getByLabel('Role of Bea').selectOption('admin')
  await page.getByRole('button', { name: 'Change role' }).click()
  await page.getByText('Admin · joined').waitFor()
  await inspect(page, 'members-change')
  await hers.reload()
  await hers.getByRole('heading', { name: 'Sign in' }).waitFor()
  await hers.getByLabel('E-mail').fill('bea@example.com')
  await hers.getByLabel('Password').fill('a password of her own')
  await hers.getByRole('button', { name: 'Sign in' }).click()
  await hers.getByRole('button', { name: 'Make the invite' }).waitFor()

  await page.getByRole('button', { name: 'Remove Bea' }).click()
  await page.getByText('Their videos and comments stay').waitFor()
  await inspect(page, 'members-remove')
  await page.getByRole('button', { name: 'Remove Bea', exact: true }).click()
  await page.locator('li', { hasText: 'bea@example.com' }).waitFor({ state: 'detached' })
  await hers.goto(`${program.base}/settings/members`)
  await hers.getByRole('heading', { name: 'Sign in' }).waitFor()
  await leave(owner, bea)
})

test('who is about to lose their account sees until when on every tab, and stays with one press', async () => {
  const cyn = await newPerson(browser)
  const page = await cyn.newPage()
  await page.goto(
    await program
      .command('user', 'add', 'cyn@example.com', '--name', 'Cyn')
      .then((link) => program.base + new URL(link).pathname),
  )
  await page.getByLabel('password').fill('a password of her own')
  await page.locator('form.form button').click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await page.goto(`${program.base}/settings`)
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByLabel('Your password, to confirm').fill('a password of her own')
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.locator('.note').getByText('Your account will be deleted on').waitFor()

  await page.goto(`${program.base}/login?next=/settings/members`)
  await page.getByLabel('E-mail').fill('cyn@example.com')
  await page.getByLabel('Password').fill('a password of her own')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Do you want to stay?' }).waitFor()
  await page.goto(`${program.base}/settings/members`)
  await page.getByText(/^Your account will be deleted on /).waitFor()
  await inspect(page, 'leaving')
  await page.getByRole('link', { name: 'You', exact: true }).click()
  await page.getByText(/^Your account will be deleted on /).waitFor()
  expect(await page.getByRole('button', { name: 'Delete my account' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Keep my account' }).click()
  await page.getByRole('button', { name: 'Delete my account' }).waitFor()
  expect(await page.getByText('Your account will be deleted').count()).toBe(0)
  expect(
    await page.getByRole('heading', { name: 'You', exact: true }).evaluate((h) => h === document.activeElement),
  ).toBe(true)
  await page.goto(program.base)
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await leave(cyn)
})

test('a browser is signed out from another one', async () => {
  const here = await newPerson(browser, { storageState: ada })
  const there = await newPerson(browser)
  const other = await there.newPage()
  await logIn(program, other)
  const page = await open(here, 'sessions')
  await page.getByText('This one').waitFor()
  const rows = page.getByRole('list', { name: 'Browsers' }).locator('li')
  await inspect(page, 'sessions')
  const before = await rows.count()
  // the newest is first
  await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).first().click()
  await expect.poll(() => rows.count()).toBe(before - 1)
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByText('You are signed in nowhere else.').waitFor()
  await other.reload()
  await other.getByRole('heading', { name: 'Sign in' }).waitFor()
  await leave(here, there)
})

test('a key is told once, works, and ends when it is deleted', async () => {
  const person = await newPerson(browser, { storageState: ada })
  const page = await open(person, 'keys')
  await page.getByText('You have no keys yet.').waitFor()
  await page.getByLabel('What is it for?').fill('Uploads from the build')
  await page.getByRole('button', { name: 'Make the key' }).click()
  const secret = await page.getByLabel('The key Uploads from the build', { exact: true }).inputValue()
  const ask = async () =>
    (await fetch(`${program.base}/api/v1/videos`, { headers: { Authorization: `Bearer ${secret}` } })).status
  expect(await ask()).toBe(200)
  await page.getByRole('list', { name: 'API keys' }).getByText('May read').waitFor()
  await inspect(page, 'keys')
  await page.reload()
  await page.getByText('Last used').waitFor()
  expect(await page.getByLabel('The key Uploads from the build', { exact: true }).count()).toBe(0)
  await page.getByRole('button', { name: 'Delete the key Uploads from the build' }).click()
  await page.getByRole('button', { name: 'Delete the key', exact: true }).click()
  await page.getByText('You have no keys yet.').waitFor()
  await expect.poll(ask).toBe(401)
  await leave(person)
})

test('comments that wait are approved and deleted, many at once', async () => {
  const client = await Client.of(program)
  const begun = await client.begin('Plans.mp4', 1000)
  const person = await newPerson(browser, { storageState: ada })
  const page = await open(person, 'comments')
  await page.getByText('Nothing waits for you.').waitFor()
  const shares = `${program.base}/api/v1/videos/${begun.videoId}/shares`
  const links = (await (await person.request.get(shares)).json()) as { items: { id: string }[] }
  const held = await person.request.patch(`${shares}/${links.items[0]?.id}`, { data: { comments: 'held' } })
  expect(held.status()).toBe(200)
  const say = (body: string) =>
    fetch(`${program.base}/api/v1/shares/${basename(begun.link)}/comments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ at_ms: 83_000, body, name: 'Gil' }),
    })
  for (const body of ['Is this the plan for the spring?', '<b>Buy this</b>', 'Thank you'])
    expect((await say(body)).status).toBe(201)
  await page.reload()
  const rows = page.getByRole('list', { name: 'Held comments' }).locator('li')
  await page.getByText('<b>Buy this</b>').waitFor()
  await inspect(page, 'comments')
  await rows.filter({ hasText: 'spring' }).getByRole('button', { name: 'Approve' }).click()
  await expect.poll(() => rows.count()).toBe(2)
  await page.getByRole('checkbox', { name: 'All' }).check()
  await page.getByText('2 selected').waitFor()
  await page.getByRole('button', { name: 'Delete selected' }).click()
  await page.getByText('Nothing waits for you.').waitFor()
  const seen = await (await fetch(`${program.base}/api/v1/shares/${basename(begun.link)}/comments`)).text()
  expect(seen).toContain('spring')
  expect(seen).not.toContain('Buy')
  await leave(person)
})

test('a workspace is set up, another one is made, and the log tells of it', async () => {
  const person = await newPerson(browser, { storageState: ada })
  const page = await open(person, 'workspace')
  await page.getByLabel('Name', { exact: true }).fill('Team of two')
  await page.getByLabel('People with an invite, or with a mail address of these domains').check()
  await page.getByLabel('Mail domains').fill('example.org')
  await page.getByLabel('Who can watch').selectOption('members')
  await page.getByLabel('Move old videos to the trash by themselves').check()
  await page.getByLabel('After how many days').fill('400')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('form').getByText('Saved.').waitFor()
  await inspect(page, 'workspace')
  await page.reload()
  expect(await page.getByLabel('After how many days').inputValue()).toBe('400')
  expect(await page.getByLabel('Who can watch').inputValue()).toBe('members')

  await page.getByRole('link', { name: 'Log', exact: true }).click()
  const log = page.getByRole('list', { name: 'Log, newest first' })
  await log.getByText('changed settings').first().waitFor()
  await log.getByText('removed a member: bea@example.com').waitFor()
  expect(await log.getByText('embed_hosts').count(), 'what was not changed is not told of').toBe(0)
  await inspect(page, 'log')
  await page.goBack()
  await page.getByRole('heading', { name: 'Workspace', exact: true }).waitFor()
  await page.getByLabel('Its name').fill('Side project')
  await page.getByRole('button', { name: 'Make it and switch to it' }).click()
  await page.locator('li', { hasText: 'Side project' }).getByText('Current').waitFor()
  await page.getByRole('button', { name: 'Switch to Team of two' }).click()
  await page.locator('li', { hasText: 'Team of two' }).getByText('Current').waitFor()
  await leave(person)
})

test('a new password signs every other browser out, and this one stays', async () => {
  const here = await newPerson(browser, { storageState: ada })
  const there = await newPerson(browser)
  const other = await there.newPage()
  await logIn(program, other)
  const page = await open(here, 'you')
  await page.getByLabel('Current password').fill('a wrong password')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByRole('alert').getByText('This is not your current password. Nothing was changed.').waitFor()
  await page.getByLabel('Current password').fill('a long password')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByRole('status').getByText('Your password was changed.').waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Change your password' }).waitFor()
  await other.reload()
  await other.getByRole('heading', { name: 'Sign in' }).waitFor()
  await leave(here, there)
})

async function open(person: Awaited<ReturnType<typeof newPerson>>, tab: string): Promise<Page> {
  const page = await person.newPage()
  await page.goto(`${program.base}/settings/${tab}`)
  await page.locator('.panel h2').waitFor()
  return page
}

/** The look of a tab, and that it is accessible. */
async function inspect(page: Page, name: string): Promise<void> {
  await expectAccessible(page)
  await shoot(page, `settings-${name}`)
}
