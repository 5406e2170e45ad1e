// Text from people, in every field and on every page that shows it, never runs and never becomes
// part of the page. It does not even try to, because the page's policy would report that.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Begun, Client } from './api'
import { newPerson, openBrowser } from './browser'
import { clip } from './clips'
import { leave, type Person, type SignedIn } from './people'
import { owner, Program } from './program'

/** What a payload would set if it ran. */
type Harmed = Window & { harmed?: unknown; violations?: string[] }

const payloads = [
  '<script>window.harmed=1</script>',
  '"><img src=x onerror=window.harmed=2>',
  "'><svg onload=window.harmed=3>",
  '</title><script>window.harmed=4</script>',
  '</script><script>window.harmed=5</script>',
  'javascript:window.harmed=6',
  '<a href="javascript:window.harmed=7">x</a>',
  '<!--<script>-->window.harmed=8//</script>',
  '<svg><style><img src=x onerror=window.harmed=9></style></svg>',
  '<iframe srcdoc="<script>parent.harmed=10</script>"></iframe>',
  '{{constructor.constructor("window.harmed=11")()}} #{window.harmed=11} <%= window.harmed=11 %>',
  '＜script＞window.harmed=12＜/script＞ \u202e<img src=x onerror=window.harmed=12>',
  '\u2028</textarea><img src=x onerror=window.harmed=13>',
  'https://example.com/"onmouseover="window.harmed=14" style="position:fixed;inset:0',
  '&lt;script&gt;window.harmed=15&lt;/script&gt; &#60;img src=x onerror=window.harmed=15&#62;',
  '<meta http-equiv=refresh content="0;url=javascript:window.harmed=16"><base href=//evil.example>',
]
/** Several in one text: a payload that breaks out does so at any place in it. */
const texts = [0, 4, 8, 12].map((from) => payloads.slice(from, from + 4).join(' '))
const named = '<img src=x onerror=window.harmed=20>' // the account's own name, shown on each page
const team = '</title><script>window.harmed=21</script>'

let program: Program
let browser: Browser
let signedIn: SignedIn
let client: Client
let folder: string
let begun: Begun

beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const file = await clip(join(folder, 'small.mp4'), 2, [
    '-s',
    '320x180',
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ])
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(program.setUpLink)
  await page.getByLabel('Name of your team').fill(team)
  await page.getByLabel('Your name').fill(named)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.waitForURL('**/checks?first')
  await page.goto(program.base)
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  signedIn = await context.storageState()
  await context.close()
  client = await Client.of(program)
  begun = await client.upload(file, `${payloads[1]}.mp4`)
  await client.reaches(begun.videoId, 'ready')
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/**
 * The owner, a guest, and a guest without scripts. The pages of the first two report what their
 * policy refused.
 */
async function everybody(): Promise<{ ada: Person; guest: Person; plain: Person }> {
  const ada = await newPerson(browser, { storageState: signedIn })
  const guest = await newPerson(browser)
  for (const person of [ada, guest])
    await person.addInitScript(() => {
      const own = window as Harmed
      own.violations = []
      document.addEventListener('securitypolicyviolation', (e) =>
        own.violations?.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sample}`),
      )
    })
  return { ada, guest, plain: await newPerson(browser, { javaScriptEnabled: false }) }
}

/**
 * Nothing in the page came from a payload: no element, no address, no script that ran or tried to.
 */
async function expectUnharmed(page: Page, what: string): Promise<void> {
  const odd = 'img[src="x"], [onload], [onerror], [onmouseover], base, meta[http-equiv], iframe[srcdoc], svg style'
  expect(await page.locator(odd).count(), what).toBe(0)
  const addresses = await page.locator('a').evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).protocol))
  expect(
    addresses.filter((protocol) => !/^(https?:|)$/.test(protocol)),
    what,
  ).toEqual([])
}

/** No script of a payload ran, or tried to. */
async function expectQuiet(page: Page, what: string): Promise<void> {
  const seen = await page.evaluate(() => {
    const own = window as Harmed
    return { harmed: own.harmed, violations: own.violations }
  })
  expect(seen, what).toEqual({ harmed: undefined, violations: [] })
}

async function visit(
  person: Person,
  address: string,
  ready: (page: Page) => Promise<unknown>,
  scripts = true,
): Promise<void> {
  const page = await person.newPage()
  page.on('dialog', (dialog) => dialog.dismiss().then(() => expect.unreachable(`a dialog at ${address}`)))
  await page.goto(address)
  await ready(page)
  await expectUnharmed(page, address)
  if (scripts) await expectQuiet(page, address)
  await page.close()
}

test('the name of a file, of an account and of a team are text on every page', async () => {
  const { ada, guest, plain } = await everybody()
  const { title } = await client.video(begun.videoId)
  expect(title).toContain('onerror')
  const shown = (page: Page) => page.getByText(title).first().waitFor()
  for (const person of [ada, guest, plain]) await visit(person, begun.link, shown, person !== plain)
  await visit(ada, program.base, shown)
  await visit(ada, `${program.base}/record`, (page) => page.locator('main').waitFor())
  await visit(guest, begun.link.replace('/v/', '/embed/'), (page) =>
    page.locator('video').first().waitFor({ state: 'attached' }),
  )
  await leave(ada, guest, plain)
})

test('a title is text wherever it is shown', async () => {
  const { ada, guest, plain } = await everybody()
  for (const text of texts) {
    await client.rename(begun.videoId, text)
    const { title } = await client.video(begun.videoId)
    const heading = (page: Page) => expect.poll(() => page.locator('#title').textContent()).toBe(title)
    for (const person of [ada, guest, plain]) {
      await visit(
        person,
        begun.link,
        async (page) => {
          await heading(page)
          for (const name of ['og:title', 'twitter:title']) {
            const meta = page.locator(`meta[property="${name}"], meta[name="${name}"]`)
            expect(await meta.getAttribute('content')).toBe(title)
          }
          expect(await page.title()).toContain(title.trim().split(/\s+/)[0])
        },
        person !== plain,
      )
    }
    await visit(ada, program.base, (page) =>
      page
        .getByText(title.trim().split(/\s+/)[0] ?? '')
        .first()
        .waitFor(),
    )
    await visit(guest, begun.link.replace('/v/', '/embed/'), (page) =>
      page.locator('video').first().waitFor({ state: 'attached' }),
    )

    const asked = await fetch(`${program.base}/oembed?url=${encodeURIComponent(begun.link)}`)
    expect(asked.headers.get('content-type')).toBe('application/json')
    const embed = (await asked.json()) as { title: string; html: string; author_name: string }
    expect([embed.title, embed.author_name]).toEqual([title, named])
    await visit(guest, `${program.base}/nothing`, async (page) => {
      // Like a site that trusts the oEmbed response.
      const made = await page.evaluate((html) => {
        const box = new DOMParser().parseFromString(html, 'text/html').body
        return {
          elements: [...box.querySelectorAll('*')].map((e) => e.localName),
          name: box.querySelector('iframe')?.title,
        }
      }, embed.html)
      expect(made).toEqual({ elements: ['iframe'], name: title })
    })
  }
  await leave(ada, guest, plain)
})

test('comments and the names of guests are text, with scripts and without', async () => {
  const { ada, guest, plain } = await everybody()
  for (const payload of payloads) await client.comment(begun.link, payload)
  const names = payloads.slice(0, 3) // as many as a guest may post in a minute
  for (const name of names) {
    const answer = await fetch(`${program.base}/api/v1/shares/${basename(begun.link)}/comments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ at_ms: 0, body: `by ${name}`, name }),
    })
    expect(answer.status).toBe(201)
  }
  for (const person of [ada, guest, plain]) {
    await visit(
      person,
      begun.link,
      async (page) => {
        const bodies = page.locator('.comment .body')
        await expect.poll(() => bodies.count()).toBe(payloads.length + names.length)
        expect(
          (await page.locator('.comment .who strong').allTextContents()).filter((name) => name !== named).sort(),
        ).toEqual([...names].sort())
        expect(await page.locator('.comment :is(script, img, svg, style, iframe, textarea, meta)').count()).toBe(0)
        for (const link of await page.locator('.comment .body a:not(.time)').all())
          expect(await link.getAttribute('rel')).toBe('nofollow noopener ugc')
      },
      person !== plain,
    )
  }
  await leave(ada, guest, plain)
})

test('what stands in an address is text on the page that answers', async () => {
  const { ada, guest, plain } = await everybody()
  for (const text of texts) {
    const part = encodeURIComponent(text)
    for (const path of [
      `/${part}`,
      `/v/${part}`,
      `/embed/${part}`,
      `/login?next=${part}`,
      `/?view=${part}&q=${part}`,
      `/v/${basename(begun.link)}?t=${part}`,
      `/oembed?url=${part}`,
    ])
      await visit(guest, program.base + path, (page) => page.locator('body').waitFor())
  }
  await leave(ada, guest, plain)
})
