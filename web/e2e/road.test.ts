// The full path in a browser: first account, upload, ready, plays, and a conversation between two
// people with separate sessions.
import { copyFile, mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectPlays, newPerson, openBrowser, setUp, shoot } from './browser'
import { outFolder, Program, samples } from './program'

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

test('a file goes in, a link with timestamped comments comes out', async () => {
  const ada = await newPerson(browser)
  const library = await ada.newPage()
  await library.goto(program.setUpLink)
  await expectAccessible(library)
  await shoot(library, 'setup')
  await setUp(program, library)
  await library.getByText('Drop', { exact: false }).first().waitFor()
  await expectAccessible(library)
  await shoot(library, 'library-empty')

  const source =
    (await samples()).find((path) => path.includes('two-tracks-screen') || path.includes('h264-opus')) ?? ''
  await library.locator('input[type=file]').first().setInputFiles(source)
  const title = basename(source).replace(/\.[^.]+$/, '')
  const row = library.getByRole('listitem').filter({ hasText: title })
  await row
    .getByRole('button', { name: /^Copy link/ })
    .first()
    .click() // at once
  const link = await library.evaluate(() => navigator.clipboard.readText())
  expect(link).toMatch(new RegExp(`^${program.base}/v/[a-z2-7]{26}$`))

  const watch = await ada.newPage()
  await watch.goto(link)
  await watch.locator('video').waitFor({ timeout: 60_000 }) // appears by itself when it can play
  await expectPlays(watch)
  await seek(watch, 3)
  const hash = `${link}?t=2`
  await watch.goto(hash)
  await watch.waitForFunction(() => Math.abs((document.querySelector('video')?.currentTime ?? 0) - 2) < 0.6)

  expect(await watch.locator('#copy-moment').textContent()).toBe('Copy link at 0:02')

  const guestContext = await newPerson(browser)
  const guest = await guestContext.newPage()
  await guest.goto(link)
  await guest.locator('video').waitFor()
  await seek(guest, 3)
  await say(guest, 'Does this path still take files over 2 GB? See 0:02 and https://example.com/a?b=c', 'Client')
  const arrived = watch.locator('.comment', { hasText: 'Does this path' })
  await arrived.waitFor({ timeout: 15_000 }) // live, without a reload
  await arrived.getByText('guest').waitFor()
  expect(await arrived.getByRole('link', { name: '0:03' }).count()).toBe(1)
  expect(await arrived.getByRole('link', { name: 'https://example.com/a?b=c' }).getAttribute('rel')).toBe(
    'nofollow noopener ugc',
  )

  await arrived.getByRole('button', { name: /^Reply/ }).click()
  await arrived.getByRole('textbox').fill('It does. Tested with 6 GB.')
  await arrived
    .getByRole('button', { name: /^(Reply|Send|Answer)/ })
    .last()
    .click()
  await guest.locator('.comment.reply', { hasText: 'Tested with 6 GB' }).waitFor({ timeout: 15_000 })

  const own = guest.locator(
    `#${await guest.locator('.comment', { hasText: 'Does this path' }).first().getAttribute('id')}`,
  )
  await own.getByRole('button', { name: /^Edit/ }).click()
  await own.locator('textarea').fill('Does it still take files over 2 GB?')
  await own.getByRole('button', { name: /^Save/ }).click()
  await own.getByText('Does it still take files').waitFor()
  await watch.locator('.comment', { hasText: 'Does it still take' }).getByText('edited').waitFor({ timeout: 15_000 })

  await watch.locator('.comment', { hasText: 'Does it still take' }).getByRole('link', { name: '0:03' }).click()
  await watch.waitForFunction(() => Math.abs((document.querySelector('video')?.currentTime ?? 0) - 3) < 0.8)
  expect(new URL(watch.url()).pathname).toBe(new URL(link).pathname)

  await expectAccessible(watch)
  await expectAccessible(guest)
  await shoot(watch, 'watch-owner')
  await shoot(guest, 'watch-guest')
  await picture(watch)

  await guest.reload() // the guest's browser still has its edit tokens
  const again = guest.locator(
    `#${await guest.locator('.comment', { hasText: 'Does it still take' }).first().getAttribute('id')}`,
  )
  await again.getByRole('button', { name: /^Delete/ }).click()
  await again
    .getByRole('button', { name: /^Delete/ })
    .last()
    .click()
  await expect.poll(() => watch.locator('.comment').count()).toBe(0)

  await library.bringToFront()
  await row
    .getByText(/ready|0 comments|no comments|comment/i)
    .first()
    .waitFor()
  await expectAccessible(library)
  await shoot(library, 'library')
  await row.getByRole('button', { name: /^More/ }).click()
  await library.getByRole('button', { name: 'Move to the trash' }).click()
  await library.getByRole('button', { name: /^Undo/ }).waitFor()
  const gone = await guestContext.newPage()
  expect((await gone.goto(link))?.status()).toBe(404)
  await expectAccessible(gone)
  await shoot(gone, 'gone')
  await library.getByRole('button', { name: /^Undo/ }).click()
  await row
    .getByRole('button', { name: /^Copy link/ })
    .first()
    .waitFor()
  expect((await gone.goto(link))?.status()).toBe(200)

  expect(ada.problems).toEqual([])
  expect(guestContext.problems).toEqual([])
})

async function seek(page: Page, seconds: number): Promise<void> {
  await page.locator('video').evaluate((v: HTMLVideoElement, at) => {
    v.pause()
    v.currentTime = at
  }, seconds)
  await page.waitForFunction((at) => {
    const v = document.querySelector('video')
    return v !== null && !v.seeking && Math.abs(v.currentTime - at) < 0.3 && v.readyState >= 2
  }, seconds)
}

async function say(page: Page, text: string, name: string): Promise<void> {
  const composer = page.locator('#composer')
  await composer.getByRole('textbox', { name: 'Your comment' }).fill(text)
  await composer.getByLabel(/name/i).fill(name)
  await composer.getByRole('button', { name: 'Comment', exact: true }).click()
  await page.locator('.comment', { hasText: text.slice(0, 12) }).waitFor()
}

/** The README's picture. With MEANWHILE_PICTURE it is copied to docs/images. */
async function picture(page: Page): Promise<void> {
  await mkdir(outFolder, { recursive: true })
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.screenshot({ path: `${outFolder}readme.png` })
  if (process.env.MEANWHILE_PICTURE)
    await copyFile(`${outFolder}readme.png`, new URL('../../docs/images/watch.png', import.meta.url))
}
