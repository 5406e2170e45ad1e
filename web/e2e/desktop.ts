// Browsers as on a desktop: puppeteer leaves a hidden tab hidden (Playwright does not), and they
// have their own screen.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { args, executablePath } from './browser'
import { owner, type Program } from './program'

const run = promisify(execFile)

/** A screen without a monitor, with a window manager. */
export class Screen {
  private constructor(
    readonly display: string,
    private readonly children: ChildProcess[],
  ) {}

  static async open(): Promise<Screen> {
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    const number = await new Promise<string>((resolve, reject) => {
      server.stdio[3]?.once('data', (text: Buffer) => resolve(text.toString().trim()))
      server.once('error', reject)
      server.once('exit', () => reject(new Error('Xvfb ended before it had a screen')))
    })
    const display = `:${number}`
    const manager = spawn('openbox', [], { env: { ...process.env, DISPLAY: display }, stdio: 'ignore' })
    return new Screen(display, [manager, server])
  }

  /**
   * Clicks into a window, at fractions of its width and height. False if no window has that name.
   */
  async click(windowName: string, x: number, y: number): Promise<boolean> {
    const found = await this.xdotool('search', '--onlyvisible', '--name', windowName)
    const id = found.split('\n')[0]
    if (!id) return false
    const place = Object.fromEntries(
      (await this.xdotool('getwindowgeometry', '--shell', id)).split('\n').map((line) => line.split('=')),
    )
    const at = (from: string, size: string, part: number) =>
      String(Math.round(Number(place[from]) + Number(place[size]) * part))
    await this.xdotool('mousemove', at('X', 'WIDTH', x), at('Y', 'HEIGHT', y), 'click', '1')
    return true
  }

  close(): void {
    for (const child of this.children) child.kill()
  }

  private async xdotool(...words: string[]): Promise<string> {
    const { stdout } = await run('xdotool', words, { env: { ...process.env, DISPLAY: this.display } }).catch(() => ({
      stdout: '',
    }))
    return stdout.trim()
  }
}

/** An unmodified Chromium: hidden tabs are hidden. With a screen it has windows. */
export function openChromium(profile: string, flags: string[], screen?: Screen): Promise<Browser> {
  const shown = screen ? args.filter((flag) => !flag.startsWith('--headless')) : args
  return puppeteer.launch({
    executablePath,
    ignoreDefaultArgs: true,
    args: [
      ...shown,
      ...flags,
      '--remote-debugging-port=0',
      '--window-size=1280,720',
      '--window-position=0,0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    defaultViewport: null,
    env: { ...process.env, ...(screen && { DISPLAY: screen.display }) },
  })
}

/** Firefox, with a fake camera and microphone, and without permission questions. */
export function openFirefox(screen: Screen): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: false,
    defaultViewport: null,
    env: { ...process.env, DISPLAY: screen.display },
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
    },
  })
}

export async function signIn(program: Pick<Program, 'base'>, page: Page): Promise<void> {
  await page.goto(`${program.base}/login`)
  await page.type('input[name=email]', owner.email)
  await page.type('input[name=password]', owner.password)
  await Promise.all([page.waitForNavigation(), page.click('form button')])
}

/** Starts a recording of the chosen source. */
export async function start(page: Page, source: 'both' | 'screen' | 'camera' | 'sound'): Promise<void> {
  await page.waitForSelector(`input[name=source][value=${source}]`)
  await page.$eval(`input[name=source][value=${source}]`, (input) => (input as HTMLInputElement).click())
  await page.click('button.go')
  await page.waitForSelector('.count button.record', { timeout: 20_000 })
  await page.click('.count button.record')
  await reads(page, '.live .acts', 'Stop and copy link')
}

/**
 * Waits until an element has a text. The check comes from outside the page, because a hidden page
 * has slow timers.
 */
export async function reads(page: Page, selector: string, text: string, timeoutMs = 30_000): Promise<void> {
  await page.waitForFunction(
    (css, words) => document.querySelector(css)?.textContent?.includes(words) ?? false,
    { timeout: timeoutMs, polling: 200 },
    selector,
    text,
  )
}

/** Stops, waits until the server has everything, and returns the link. */
export async function stop(page: Page): Promise<string> {
  await page.click('.live button.record')
  return finished(page)
}

export async function finished(page: Page): Promise<string> {
  await reads(page, '.finished', 'Everything is on the server', 60_000)
  return page.$eval('.finished input', (input) => (input as HTMLInputElement).value)
}
