// A real Chromium, and the actions of every test on a page.
import { mkdir } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { expect, onTestFailed } from 'vitest'
import { outFolder, owner, type Program } from './program'

export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/**
 * The same engine without windows, tab bars and Google's additions: two thirds of the work. It has
 * no dialogue to share a screen, so recorders need the full browser.
 */
const shellPath = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell'
export const args = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: shellPath, args })
}

/** A person: their own browser context, whose pages may raise no error. */
export async function newPerson(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext & { problems: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  const problems: string[] = []
  context.on('weberror', (error) => problems.push(error.error().stack ?? String(error.error())))
  context.on('console', (message) => {
    // A failed request may be part of a test. A refused script or a policy violation is not.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text()))
      problems.push(message.text())
  })
  onTestFailed(async () => {
    await mkdir(outFolder, { recursive: true })
    for (const [i, page] of context.pages().entries())
      await page.screenshot({ path: `${outFolder}failed-${Date.now()}-${i}.png` }).catch(() => {})
    if (problems.length > 0) process.stderr.write(`problems of a page:\n${problems.join('\n')}\n`)
  })
  return Object.assign(context, { problems })
}

/** Makes the first account on its page, and goes past the site's checks into the library. */
export async function setUp(program: Program, page: Page): Promise<void> {
  await page.goto(program.setUpLink)
  await page.getByLabel('Name of your team').fill(owner.workspace)
  await page.getByLabel('Your name').fill(owner.name)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.waitForURL('**/checks?first')
  await page.goto(program.base)
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
}

export async function logIn(program: Pick<Program, 'base'>, page: Page): Promise<void> {
  await page.goto(`${program.base}/login`)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
}

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** axe finds nothing (WCAG 2.2 A and AA). In light mode, only colours can differ. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    // no colour may be in transition during the check
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(async () => {
      const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity)
      // colours in transition between two schemes belong to neither
      await Promise.allSettled(ending.map((a) => a.finished))
    })
    const axe = new AxeBuilder({ page })
    const { violations } = await (colorScheme === 'dark'
      ? axe.withTags(standards)
      : axe.withRules(['color-contrast', 'link-in-text-block'])
    ).analyze()
    const found = violations.map(
      (v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join('; ')}`,
    )
    expect(found, `${page.url()} in ${colorScheme}`).toEqual([])
  }
  await page.emulateMedia({ reducedMotion: null })
}

/** Pictures are for people to look at: make test leaves them out. */
const schemes = process.env.MEANWHILE_E2E_SHOTS === 'off' ? [] : (['light', 'dark'] as const)

/**
 * Screenshots of the page for every kind of viewer: wide and narrow, light and dark. Without them,
 * too, the page may not be wider than a screen.
 */
export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(outFolder, { recursive: true })
  const before = page.viewportSize()
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: width === 360 ? 740 : 900 })
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${outFolder}${name}-${width}-${colorScheme}.png` })
    }
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(overflow, `${name} at ${width} px is wider than the screen by`).toBeLessThanOrEqual(0)
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
  if (before) await page.setViewportSize(before)
}

/**
 * startMuted starts a video as a click does. If the player replaces the source in that moment, the
 * browser gives the call up, and the player goes on by itself.
 */
export async function startMuted(video: Locator): Promise<void> {
  await video.evaluate(async (v: HTMLVideoElement) => {
    v.muted = true
    await v.play().catch((error: DOMException) => {
      if (error.name !== 'AbortError') throw error
    })
  })
}

/** The video plays: its time advances by itself. */
export async function expectPlays(page: Page): Promise<void> {
  await startMuted(page.locator('video'))
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.4, undefined, {
    timeout: 30_000,
  })
}
