// The player's controls: where a link begins, the keyboard, and the remembered speed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { newPerson, openBrowser } from './browser'
import { clip } from './clips'
import { leave, setUpOwner } from './people'
import { Program } from './program'

let program: Program
let browser: Browser
let folder: string
let long: Begun // 100 seconds
let short: Begun

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  await setUpOwner(program, browser)
  const client = await Client.of(program)
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const made = [
    '-s',
    '160x90',
    '-r',
    '5',
    '-g',
    '10',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ]
  long = await client.upload(await clip(join(folder, 'long.mp4'), 100, made))
  short = await client.upload(await clip(join(folder, 'short.mp4'), 3, made))
  await client.reaches(long.videoId, 'ready')
  await client.reaches(short.videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a link begins where it says, in every form', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  const cases = [
    { t: '90', want: 90 },
    { t: '90s', want: 90 },
    { t: '1m30s', want: 90 },
    { t: '1m', want: 60 },
    { t: '1:30', want: 90 },
    { t: '0:01:30', want: 90 },
    { t: '0h1m30s', want: 90 },
    { t: 'soon', want: 0 },
    { t: '-5', want: 0 },
    { t: '<b>', want: 0 },
  ]
  for (const { t, want } of cases) {
    await page.goto(`${long.link}?t=${encodeURIComponent(t)}`)
    await loaded(page)
    await expect.poll(() => positionOf(page), { message: t }).toBeCloseTo(want, 0)
    await page
      .getByRole('button', { name: `Copy link at ${Math.floor(want / 60)}:${String(want % 60).padStart(2, '0')}` })
      .waitFor()
  }
  await page.getByRole('button', { name: 'Copy link at 0:00' }).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${long.link}?t=0`)
  await leave(guest)
})

test('keys move the player, and none does while somebody types', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(`${long.link}?t=50`)
  await loaded(page)
  await page.locator('select.speed').waitFor() // the controls are there
  const steps = [
    { key: 'l', want: 60 },
    { key: 'ArrowRight', want: 65 },
    { key: 'j', want: 55 },
    { key: 'ArrowLeft', want: 50 },
    { key: '2', want: 20 },
    { key: 'J', want: 10 },
  ]
  await expect.poll(() => positionOf(page)).toBeCloseTo(50, 0)
  for (const { key, want } of steps) {
    await page.keyboard.press(key)
    await expect.poll(() => positionOf(page), { message: key }).toBeCloseTo(want, 0)
  }
  for (const key of [' ', 'k']) {
    expect(await pausedOf(page)).toBe(true)
    await page.keyboard.press(key)
    await expect.poll(() => pausedOf(page), { message: 'played by a key' }).toBe(false)
    await page.keyboard.press(key)
    await expect.poll(() => pausedOf(page), { message: 'paused by a key' }).toBe(true)
  }
  await page.keyboard.press('m')
  await expect.poll(() => page.locator('video').evaluate((v: HTMLVideoElement) => v.muted)).toBe(true)

  await page.keyboard.press('c')
  const field = page.getByRole('textbox', { name: 'Your comment' })
  await expect.poll(() => field.evaluate((f) => f === document.activeElement)).toBe(true)
  const before = await positionOf(page)
  await page.keyboard.type('jkl m 7 c > <')
  await page.keyboard.press('ArrowLeft')
  expect(await field.inputValue()).toBe('jkl m 7 c > <')
  await page.getByLabel('Your name').click()
  await page.keyboard.type('k l')
  expect(await page.getByLabel('Your name').inputValue()).toBe('k l')
  expect(await positionOf(page)).toBe(before)
  expect(await pausedOf(page)).toBe(true)
  expect(await page.locator('video').evaluate((v: HTMLVideoElement) => [v.muted, v.playbackRate])).toEqual([true, 1])
  await leave(guest)
})

test('the speed is remembered for every video on this device', async () => {
  const guest = await newPerson(browser)
  const page = await guest.newPage()
  await page.goto(long.link)
  const speed = page.getByRole('combobox', { name: 'Speed' })
  expect(await speed.inputValue()).toBe('1')
  await speed.selectOption('1.5')
  await expect.poll(() => rateOf(page)).toBe(1.5)
  await page.reload()
  await speed.waitFor()
  await expect.poll(() => speed.inputValue()).toBe('1.5')
  expect(await rateOf(page)).toBe(1.5)
  await page.locator('h1').click() // away from the list of speeds
  await page.keyboard.press('>')
  await expect.poll(() => rateOf(page)).toBe(1.75)
  await page.goto(short.link)
  await speed.waitFor()
  await loaded(page)
  expect(await rateOf(page)).toBe(1.75)

  const other = await newPerson(browser)
  const fresh = await other.newPage()
  await fresh.goto(short.link)
  await loaded(fresh)
  expect(await rateOf(fresh)).toBe(1)
  await leave(guest, other)
})

async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= HTMLMediaElement.HAVE_METADATA)
}

function positionOf(page: Page): Promise<number> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime)
}

function pausedOf(page: Page): Promise<boolean> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.paused)
}

function rateOf(page: Page): Promise<number> {
  return page.locator('video').evaluate((v: HTMLVideoElement) => v.playbackRate)
}
