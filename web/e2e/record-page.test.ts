// The recorder's page for everybody: with the keyboard alone, with a screen reader, in its own
// window, on a phone.
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible, logIn, shoot } from './browser'
import { inspect } from './recorder'
import { elapsed, reaches, record, Studio, stop } from './studio'

let studio: Studio

beforeAll(async () => {
  studio = await Studio.open()
})
afterEach(({ task }) => studio.tidy(task.result?.state === 'fail'))
afterAll(() => studio?.close())

test('the whole way goes by keyboard, and each step is told aloud', async () => {
  const page = await studio.recorderPage()
  const told = await listen(page)
  await page.getByRole('radio', { name: 'Both' }).focus()
  await page.keyboard.press('ArrowRight')
  expect(await page.getByRole('radio', { name: 'Screen' }).isChecked()).toBe(true)
  for (const label of ['Microphone', /^Title/, 'Record'] as const) {
    await page.keyboard.press('Tab')
    const here =
      label === 'Record' ? page.getByRole('button', { name: label, exact: true }) : page.getByLabel(label).first()
    await expect
      .poll(() => here.evaluate((element) => element === document.activeElement), { message: String(label) })
      .toBe(true)
  }
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Start now' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Record', exact: true }).waitFor()
  await page.keyboard.press('Alt+Shift+KeyR')
  const now = page.getByRole('button', { name: 'Start now' })
  await now.waitFor()
  expect(await now.evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await reaches(page, 1)
  await page.keyboard.press('Alt+Shift+KeyP')
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await page.keyboard.press('Alt+Shift+KeyP')
  await reaches(page, 2)
  await page.getByRole('button', { name: 'Stop and copy link' }).waitFor()
  await page.keyboard.press('Alt+Shift+KeyR')
  const heading = page.getByRole('heading', { name: 'Your link is copied' })
  await heading.waitFor()
  expect(await heading.evaluate((h) => h === document.activeElement)).toBe(true)
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached' })
  const order = ['Recording.', 'Paused.', 'Recording again.', 'Stopped. The link is copied.']
  expect(told.filter((sentence) => order.includes(sentence))).toEqual(order)
  expect(told).toContain('Everything is on the server.')
  expect(studio.ada.problems).toEqual([])
})

test('a window on top has pause and stop, closing it ends nothing; notes stay, for their author alone', async () => {
  const page = await studio.recorderPage()
  await page.getByText('Speaker notes').click()
  await page.getByLabel('Speaker notes').fill('First the numbers.')
  await record(page)
  expect(await page.getByLabel('Speaker notes').inputValue()).toBe('First the numbers.')
  await page.getByRole('button', { name: 'Pop out' }).click()
  await expect.poll(() => inFloat(page, '')).toContain('Recording')
  await reaches(page, 1)
  await inFloat(page, 'Pause')
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await expect.poll(() => inFloat(page, '')).toContain('Paused')
  await inFloat(page, 'Resume')
  await reaches(page, 2)
  await page.evaluate(() => floating()?.close())
  await page.getByRole('button', { name: 'Pop out' }).click()
  const at = await elapsed(page)
  await reaches(page, at + 1)
  await inFloat(page, 'Stop')
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  await expect.poll(() => inFloat(page, ''), { message: 'the window after the recording' }).toBe('')
  await page.getByRole('button', { name: 'Record another one' }).click()
  await page.reload()
  expect(await page.getByLabel('Speaker notes').inputValue()).toBe('First the numbers.')
  expect(studio.ada.problems).toEqual([])
})

test('on a phone it offers what a phone can: camera, voice, or a file', async () => {
  // a camera from a file is only one camera
  const flags = ['--use-fake-device-for-media-stream=device-count=2']
  const eve = await studio.person('phone', flags, {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  })
  // phones do not have it
  await eve.addInitScript(
    () => 'MediaDevices' in globalThis && Reflect.deleteProperty(MediaDevices.prototype, 'getDisplayMedia'),
  )
  await logIn(studio.program, await eve.newPage())
  const page = await eve.newPage()
  await page.goto(`${studio.program.base}/record`)
  await page
    .getByText('Phones do not let web pages record the screen. Record it with the phone itself, and upload that.')
    .waitFor()
  await page.getByRole('radio', { name: 'Camera' }).waitFor()
  expect(await page.getByRole('radio').count()).toBe(2)
  await page.getByRole('link', { name: 'Upload a screen recording instead' }).waitFor()
  const camera = page.getByLabel('Camera', { exact: true }).locator('visible=true').and(page.locator('select'))
  const before = await camera.inputValue()
  await page.getByRole('button', { name: 'Turn the camera around' }).tap()
  await expect.poll(() => camera.inputValue()).not.toBe(before)
  await expectAccessible(page)
  await shoot(page, 'record-phone')
  await page.getByRole('button', { name: 'Record', exact: true }).tap()
  await page.getByRole('button', { name: 'Start now' }).tap()
  await reaches(page, 2)
  await expectAccessible(page)
  await shoot(page, 'record-phone-live')
  const { link } = await stop(page)
  expect((await inspect(await studio.original(link))).kinds).toEqual(['audio', 'video'])
  expect(eve.problems).toEqual([])
})

declare global {
  function floating(): Window | null
}

/** The announcements of the page's live region, sentence by sentence. */
async function listen(page: Page): Promise<string[]> {
  const told: string[] = []
  await page.exposeFunction('onTold', (sentence: string) => told.push(sentence.trim()))
  await page.evaluate(() => {
    const region = document.querySelector('[role=status][aria-live=polite]')
    const { onTold } = window as unknown as { onTold(sentence: string): void }
    if (region)
      new MutationObserver(() => onTold(region.textContent ?? '')).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      })
  })
  return told
}

/** The text of the floating window after a press of its button; '' if there is no window. */
function inFloat(page: Page, button: string): Promise<string> {
  return page.evaluate((name) => {
    const { documentPictureInPicture: pip } = globalThis as unknown as {
      documentPictureInPicture: { window: Window | null }
    }
    Object.assign(globalThis, { floating: () => pip.window })
    const body = pip.window?.document.body
    const found = [...(body?.querySelectorAll('button') ?? [])].find((b) => b.textContent === name)
    if (name && !found) throw new Error(`no button ${name} in the window`)
    found?.click()
    return body?.textContent ?? ''
  }, button)
}
