// The first run: the printed link, a forgiving form, the site's checks, and on to the recorder;
// with and without scripts.
import { createServer, type Server } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, newPerson, openBrowser, shoot } from './browser'
import { leave } from './people'
import { owner, Program } from './program'

let program: Program
let browser: Browser

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
})

test('the first account is made, the site says how it does, and the recorder is one step away', async () => {
  const ada = await newPerson(browser)
  const page = await ada.newPage()
  await page.goto(program.setUpLink)
  await page.getByText('Step 1 of 2').waitFor()
  await expectAccessible(page)
  await shoot(page, 'setup')
  expect(await page.getByLabel('Name of your team').evaluate((field) => field === document.activeElement)).toBe(true)

  await page.getByLabel('Name of your team').fill(owner.workspace)
  await page.getByLabel('Your name').fill(owner.name)
  await page.getByLabel('E-mail').fill(owner.email)
  const password = page.getByLabel('Password')
  await password.fill('short')
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  expect(
    await password.evaluate((field: HTMLInputElement) => field.validity.tooShort),
    'the browser says so first',
  ).toBe(true)
  await page.locator('form').evaluate((form: HTMLFormElement) => (form.noValidate = true))
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByRole('alert').getByText('A password needs at least 10 characters.').waitFor()
  expect(await page.getByLabel('Name of your team').inputValue()).toBe(owner.workspace)
  expect(await page.getByLabel('Your name').inputValue()).toBe(owner.name)
  expect(await page.getByLabel('E-mail').inputValue()).toBe(owner.email)
  expect(await password.inputValue()).toBe('')
  expect(await password.evaluate((field) => field === document.activeElement)).toBe(true)
  await expectAccessible(page)
  await shoot(page, 'setup-again')

  await password.fill(owner.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByRole('heading', { name: 'It works' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/checks')
  await page.getByText('Step 2 of 2').waitFor()
  const fine = page.getByRole('region', { name: 'Fine' })
  for (const name of ['This address', 'Database', 'Objects', 'Redis', 'Clock'])
    await fine.getByRole('heading', { name, exact: true }).waitFor()
  await page.getByRole('region', { name: 'Worth knowing' }).getByText('MEANWHILE_SMTP_URL').waitFor()
  await expectAccessible(page)
  await shoot(page, 'checks')

  await page.getByRole('link', { name: 'Check again' }).click()
  await page.waitForLoadState()
  await page.getByRole('heading', { name: 'It works' }).waitFor()
  await page.getByRole('link', { name: 'Record your first update' }).click()
  await page.getByRole('heading', { level: 1 }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/record')

  await page.goto(`${program.base}/settings/workspace`)
  await page.getByRole('link', { name: 'Check this site' }).click()
  await page.getByRole('heading', { name: 'It works' }).waitFor()
  expect(await page.getByText('Step 2 of 2').count()).toBe(0)
  await page.getByRole('link', { name: 'Invite people' }).click()
  await page.getByRole('button', { name: 'Make the invite' }).waitFor()
  await leave(ada)
})

test('it all works without scripts', async () => {
  const own = await Program.start()
  const ada = await newPerson(browser, { javaScriptEnabled: false })
  const page = await ada.newPage()
  await page.goto(own.setUpLink)
  await page.getByLabel('Name of your team').fill(owner.workspace)
  await page.getByLabel('Your name').fill(owner.name)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByRole('heading', { name: 'It works' }).waitFor()
  await page.getByText('UTC').waitFor()
  expect(await page.getByRole('link', { name: 'Record your first update' }).getAttribute('href')).toBe('/record')
  await leave(ada)
  await own.close()
})

test('a mail server that never answers holds nobody up, and stands first', async () => {
  const deaf = createServer()
  const port = await listening(deaf)
  const at = await free()
  const own = await Program.start({
    MEANWHILE_BASE_URL: `http://localhost:${at}`,
    MEANWHILE_SMTP_URL: `smtp://ada:a-mail-password@127.0.0.1:${port}?from=updates@example.com`,
  })
  await own.kill()
  await own.run(`127.0.0.1:${at}`)
  const ada = await newPerson(browser)
  const page = await ada.newPage()
  await page.goto(own.setUpLink)
  await page.getByLabel('Name of your team').fill(owner.workspace)
  await page.getByLabel('Your name').fill(owner.name)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  const pressed = await page
    .getByRole('button', { name: 'Set up and sign in' })
    .evaluate((button: HTMLButtonElement) => {
      button.click()
      button.click() // like impatient people
      return button.textContent
    })
  expect(pressed).toBe('Setting up …')
  await page.getByRole('heading', { name: 'Something needs fixing' }).waitFor()
  const first = page.getByRole('region').first()
  expect(await first.getAttribute('aria-labelledby')).toBe('fails')
  await first.getByText('did not answer within 5 s').waitFor()
  expect(await page.content()).not.toContain('a-mail-password')
  await expectAccessible(page)
  await shoot(page, 'checks-mend')
  await leave(ada)
  await own.close()
  deaf.close()
})

/** Listens on a free port of this machine. */
function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

/** A port where nobody listens. */
async function free(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
