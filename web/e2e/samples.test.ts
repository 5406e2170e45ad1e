// Every real recording, uploaded on the command line, plays in a real browser: time advances, a
// seek works, and it plays without scripts.
import { basename } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectPlays, newPerson, openBrowser } from './browser'
import { owner, Program, samples } from './program'

let program: Program
let browser: Browser
beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  await program.command('user', 'add', owner.email, '--name', owner.name)
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
})

test('each sample becomes ready and plays', async () => {
  const files = await samples()
  const links = await program.push(files)
  expect(links.length).toBe(files.length)
  const viewer = await newPerson(browser)
  for (const [i, link] of links.entries()) {
    const page = await viewer.newPage()
    await page.goto(link)
    await expectPlays(page).catch((error: unknown) => {
      throw new Error(`${basename(files[i] ?? '')} does not play: ${String(error)}`)
    })
    const landed = await page.locator('video').evaluate(async (v: HTMLVideoElement) => {
      const target = v.duration / 2
      const done = new Promise((resolve) => v.addEventListener('seeked', resolve, { once: true }))
      v.currentTime = target
      await done
      return Math.abs(v.currentTime - target)
    })
    expect(landed, `${basename(files[i] ?? '')}: seconds beside the target of a seek`).toBeLessThan(1)
    await page.close()
  }
  expect(viewer.problems).toEqual([])

  const plain = await newPerson(browser, { javaScriptEnabled: false })
  const page = await plain.newPage()
  await page.goto(links[0] ?? '')
  await page.locator('video[controls] source').first().waitFor({ state: 'attached' })
  expect(await page.getByText('UTC').count()).toBeGreaterThan(0)
})
