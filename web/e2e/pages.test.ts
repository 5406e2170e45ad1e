// The pages around the videos: welcome, sign in, access link, sign up, sign out, and the headers of
// every page.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { expectAccessible, logIn, newPerson, openBrowser, setUp, shoot } from './browser'
import { leave } from './people'
import { owner, Program } from './program'

let program: Program
let browser: Browser

beforeAll(async () => {
  program = await Program.start({ MEANWHILE_SIGN_UP: 'open' })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
})

test('the first account is made by its link alone', async () => {
  const ada = await newPerson(browser)
  const page = await ada.newPage()
  await page.goto(program.base)
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'welcome')
  await setUp(program, page)
  expect((await page.goto(program.setUpLink))?.status()).toBe(404)
  await leave(ada)
})

test('signing in says what was wrong, leads where it should, and signing out ends it', async () => {
  const ada = await newPerson(browser)
  const page = await ada.newPage()
  await page.goto(`${program.base}/?view=trash`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'login')

  const [refused] = await Promise.all([
    page.waitForResponse((r) => r.request().method() === 'POST'),
    signIn(page, 'a wrong password'),
  ])
  expect(refused.status()).toBe(401)
  await page.getByRole('alert').getByText('Mail address and password do not match. Try again.').waitFor()
  const password = page.getByLabel('Password')
  expect(await page.getByLabel('E-mail').inputValue()).toBe(owner.email)
  expect(await password.inputValue()).toBe('')
  await expect.poll(() => password.evaluate((field) => field === document.activeElement)).toBe(true)
  expect(await password.getAttribute('aria-describedby')).toBe('error')
  await expectAccessible(page)
  await shoot(page, 'login-refused')

  for (const [next, path] of [
    ['/?view=trash', '/?view=trash'],
    ['//evil.example/', '/'],
    ['https://evil.example', '/'],
  ] as const) {
    await page.goto(`${program.base}/login?next=${encodeURIComponent(next)}`)
    await signIn(page, owner.password)
    await page.getByRole('heading', { name: /^(Trash|Your updates)$/ }).waitFor()
    expect(page.url()).toBe(program.base + path)
    await signOut(page)
  }
  await page.goto(program.base)
  expect(new URL(page.url()).pathname).toBe('/login')
  expect((await page.request.get(`${program.base}/api/v1/videos`)).status()).toBe(401)
  expect(await ada.cookies()).toEqual([])
  await leave(ada)
})

test('a link from whoever runs the place signs in once and sets a password', async () => {
  const link = await program.command('user', 'add', 'bob@example.com', '--name', 'Bob')
  const address = new URL(new URL(link).pathname, program.base).href
  const bob = await newPerson(browser)
  const page = await bob.newPage()
  await page.goto(address)
  await page.getByRole('heading', { name: 'Welcome' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'enter')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await page.getByLabel('Account of Bob').waitFor()

  const stranger = await newPerson(browser)
  const late = await stranger.newPage()
  expect((await late.goto(address))?.status()).toBe(404)
  await signOut(page)
  await signIn(page, 'another long password', 'bob@example.com')
  await page.getByLabel('Account of Bob').waitFor()
  await leave(bob, stranger)
})

test('an account can be made where sign-up is open, and not where it is closed', async () => {
  const cyd = await newPerson(browser)
  const page = await cyd.newPage()
  await page.goto(`${program.base}/login`)
  await page.getByRole('link', { name: 'Make an account' }).click()
  await page.getByRole('heading', { name: 'Make an account' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'signup')
  await page.getByLabel('Your name').fill('Cyd')
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill('a password of her own')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('alert').getByText('There is an account with this mail address already.').waitFor()
  expect(await page.getByLabel('Your name').inputValue()).toBe('Cyd')
  await expectAccessible(page)
  await page.getByLabel('E-mail').fill('cyd@example.com')
  await page.getByLabel('Password').fill('a password of her own')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await page.getByLabel('Account of Cyd').waitFor()

  const closed = await Program.start()
  try {
    await closed.command('user', 'add', owner.email, '--name', owner.name)
    expect((await page.goto(`${closed.base}/signup`))?.status()).toBe(404)
    await page.goto(`${closed.base}/login`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('link', { name: 'Make an account' }).count()).toBe(0)
  } finally {
    await closed.close()
  }
  await leave(cyd)
})

test('the library fits a narrow screen in light and dark', async () => {
  const client = await Client.of(program)
  await client.begin(
    'A title that is a good deal longer than any narrow screen is wide, with a_word_that_cannot_be_broken_anywhere.mp4',
    1000,
  )
  await client.begin('short.mp4', 1000)
  const ada = await newPerson(browser, { viewport: { width: 360, height: 740 } })
  const page = await ada.newPage()
  await logIn(program, page)
  await page.getByRole('link', { name: 'short' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'library-narrow')
  for (const name of [/^More for short/, /^Copy link to short/]) {
    const box = await page.getByRole('button', { name }).boundingBox()
    expect(box && box.x >= 0 && box.x + box.width <= 360, String(name)).toBe(true)
  }
  await page.getByRole('button', { name: 'More for short' }).click()
  await page.getByRole('button', { name: 'Move to the trash' }).waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await background()
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await background()).not.toBe(light)
  await leave(ada)
})

test('pages carry their policy, and browsers hold to it', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const answer = await page.goto(`${program.base}/login`)
  const headers = answer?.headers() ?? {}
  const policy = Object.fromEntries(
    (headers['content-security-policy'] ?? '').split('; ').map((part) => [part.split(' ')[0], part]),
  )
  expect(policy['default-src']).toBe("default-src 'none'")
  expect(policy['script-src']).toMatch(/^script-src 'self' 'nonce-[\w-]{22}'$/)
  expect(policy['frame-ancestors']).toBe("frame-ancestors 'none'")
  expect(policy['form-action']).toBe("form-action 'self'")
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['referrer-policy']).toBe('same-origin')
  expect(headers['cache-control']).toBe('private, no-store')
  expect((await page.reload())?.headers()['content-security-policy'], 'a nonce of its own for each answer').not.toBe(
    headers['content-security-policy'],
  )
  expect(guest.problems).toEqual([])

  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.harmed = true'
    document.body.append(script)
  })
  expect(await page.evaluate(() => 'harmed' in window)).toBe(false)
  await expect.poll(() => guest.problems.join('\n')).toContain('Content Security Policy')
})

async function signIn(page: Page, password: string, email = owner.email): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function signOut(page: Page): Promise<void> {
  await page.getByLabel(/^Account of/).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}
