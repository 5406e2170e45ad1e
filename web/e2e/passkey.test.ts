// Passkeys in a real browser with its virtual authenticator: a signed-in person makes one, which is
// then enough to sign in.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, CDPSession } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, newPerson, openBrowser, shoot } from './browser'
import { leave, type SignedIn, setUpOwner } from './people'
import { outFolder, owner, Program } from './program'

let program: Program
let browser: Browser
let signedIn: SignedIn

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  signedIn = await setUpOwner(program, browser)
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
})

/** A device that holds passkeys and accepts every touch. */
async function newDevice(cdp: CDPSession): Promise<string> {
  await cdp.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  } as const
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...options, automaticPresenceSimulation: true },
  })
  return authenticatorId
}

test('a passkey signs in without a name, and a copy of it is refused', async () => {
  const ada = await newPerson(browser, { storageState: signedIn })
  const page = await ada.newPage()
  const cdp = await ada.newCDPSession(page)
  const device = await newDevice(cdp)
  await page.goto(`${program.base}/settings`)
  await page.getByText('You have no passkeys yet.').waitFor()
  await page.getByLabel('Name of the new passkey').fill('Laptop')
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: device, isUserVerified: false })
  await page.getByRole('button', { name: 'Make a passkey' }).click()
  await page.getByText('No passkey was made.').waitFor()
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: device, isUserVerified: true })
  await page.getByRole('button', { name: 'Make a passkey' }).click()
  await page.getByRole('list', { name: 'Passkeys' }).getByText('never used').waitFor()
  await expectAccessible(page)
  await page.getByRole('heading', { name: 'Passkeys' }).scrollIntoViewIfNeeded()
  await shoot(page, 'settings-passkeys')

  await page.getByLabel('Account of Ada').click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`${program.base}/login?next=/record`)
  const button = page.getByRole('button', { name: 'Use a passkey' })
  await button.waitFor()
  await expectAccessible(page)
  await shoot(page, 'login')
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: device })
  const [before] = credentials
  if (!before) throw new Error('the device holds no passkey')
  await button.click()
  await page.waitForURL(`${program.base}/record`)
  expect(await page.evaluate(async () => (await (await fetch('/api/v1/session')).json()).user.email)).toBe(owner.email)

  // A copy from before that log-in: its counter is too low.
  await page.evaluate(() => fetch('/api/v1/session', { method: 'DELETE' }))
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId: device })
  await cdp.send('WebAuthn.addCredential', { authenticatorId: device, credential: before })
  await page.goto(`${program.base}/login`)
  await button.click()
  await page.getByRole('alert').getByText('there seems to be a copy of it').waitFor()
  await expectAccessible(page)

  // Without a passkey.
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: device, isUserVerified: false })
  await button.click()
  await page.getByRole('alert').getByText('No passkey was used.').waitFor()

  // A removed passkey signs nobody in.
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: device, isUserVerified: true })
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await page.goto(`${program.base}/settings`)
  await page.getByRole('list', { name: 'Passkeys' }).getByText('last used').waitFor()
  await page.getByRole('button', { name: 'Remove the passkey Laptop' }).click()
  await page.getByRole('button', { name: 'Remove the passkey', exact: true }).click()
  await page.getByText('You have no passkeys yet.').waitFor()
  await leave(ada)
})

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('the log-in page offers what there is, and needs a script for passkeys alone', async () => {
  const port = await freePort() // for mail, the base URL must be known in advance
  const other = await Program.start({
    MEANWHILE_BASE_URL: `http://localhost:${port}`,
    MEANWHILE_SMTP_URL: 'smtp://127.0.0.1:1?from=updates@example.com',
    MEANWHILE_OIDC_ISSUER: 'http://127.0.0.1:1',
    MEANWHILE_OIDC_CLIENT_ID: 'meanwhile',
    MEANWHILE_OIDC_NAME: 'Example',
  })
  await other.kill()
  await other.run(`127.0.0.1:${port}`)
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(`${other.base}/login`)
  await page.getByRole('button', { name: 'Use a passkey' }).waitFor()
  await page.getByRole('link', { name: 'Sign in with Example' }).waitFor()
  await expectAccessible(page)
  await shoot(page, 'login-all')
  await leave(guest)

  const plain = await newPerson(browser, { javaScriptEnabled: false })
  const bare = await plain.newPage()
  await bare.goto(`${other.base}/login`)
  expect(await bare.getByRole('button', { name: 'Use a passkey' }).isVisible()).toBe(false)
  await bare.getByRole('link', { name: 'Sign in with Example' }).waitFor()
  await bare.getByLabel('E-mail').fill('nobody@example.com')
  await bare.getByRole('button', { name: 'Mail me a link instead' }).click()
  await bare.getByRole('heading', { name: 'Check your mail' }).waitFor()
  await bare.getByText('nobody@example.com').waitFor()
  await bare.screenshot({ path: `${outFolder}mailed.png` })
  await leave(plain)
  await other.close()
})
