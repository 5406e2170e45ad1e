// What people write is shown as they wrote it, wherever it is shown, and never runs: a payload in every field, on every page that shows it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { newPerson, openBrowser } from './browser'
import { leave } from './people'
import { clip, owner, Program } from './program'

/** Each would set window.harmed, open a dialog, or lead somewhere. None is longer than a name may be. */
const payloads = [
  '<script>harmed=1</script>',
  '</script><script>harmed=2</script>',
  '</title><script>harmed=3</script>',
  '"><img src=x onerror=harmed=4>',
  "'><img src=x onerror='harmed=5'>",
  '<svg/onload=harmed=6>',
  '<svg><script href="data:,harmed=7"/></svg>',
  'javascript:harmed=8//https://x.example/',
  '<a href="javascript:harmed=9">click</a>',
  '--><img src=x onerror=harmed=10>',
  '</textarea></noscript><img src=x onerror=harmed=11>',
  '{{constructor.constructor("harmed=12")()}}\u0024{harmed=12}',
  '<iframe srcdoc="<script>parent.harmed=13</script>">',
  '\uff1cscript\uff1eharmed=14\uff1c/script\uff1e <\u0073cript>harmed=14',
  '" autofocus onfocus=harmed=15 x="',
  '<math><mi//xlink:href="data:x,<script>harmed=16</script>">',
  'https://x.example/"onmouseover="harmed=17',
  '&lt;script&gt;harmed=18&lt;/script&gt; &#x3c;img src=x onerror=harmed=18>',
  '</style><style>*{background:url(//x.example)}</style>',
  '<base href=//x.example><meta http-equiv=refresh content=0;url=//x.example>',
]

let program: Program
let browser: Browser
let folder: string

interface Author {
  name: string
  client: Client
  enter: string // signs in once
  videoId: string
  link: string
}
let authors: Author[]

beforeAll(async () => {
  program = await Program.start({ MEANWHILE_TRUSTED_PROXIES: '127.0.0.0/8', MEANWHILE_SIGN_UP: 'open' })
  browser = await openBrowser()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const small = await clip(join(folder, 'small.mp4'), 2, ['-s', '320x180', '-r', '10', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'])
  const page = await (await browser.newContext()).newPage()
  await page.goto(program.setUpLink)
  await page.getByLabel('Name of your team').fill('"><script>harmed=20</script>')
  await page.getByLabel('Your name').fill(owner.name)
  await page.getByLabel('E-mail').fill(owner.email)
  await page.getByLabel('Password').fill(owner.password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await page.context().close()
  authors = []
  for (const [i, name] of payloads.entries()) {
    const email = `author${i}@example.com`
    const entered = new URL(await program.command('user', 'add', email, `--name=${name}`))
    const client = await Client.of(program, email)
    const { videoId, link } = i === 0 ? await client.upload(small, `${name}.mp4`) : await client.begin(`${name}.mp4`, 1000)
    await client.rename(videoId, name)
    authors.push({ name, client, enter: program.base + entered.pathname, videoId, link: program.base + new URL(link).pathname })
  }
  const first = authors[0] as Author
  await first.client.reaches(first.videoId, 'ready')
  await converse(first)
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Everyone says their payload under the first video, as an account and as a guest of that name. */
async function converse(first: Author): Promise<void> {
  const comments = `${program.base}/api/v1/shares/${basename(first.link)}/comments`
  for (const [i, author] of authors.entries()) {
    await author.client.comment(first.link, author.name)
    const answer = await fetch(comments, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': `192.0.2.${i + 1}` },
      body: JSON.stringify({ at_ms: 0, body: author.name, name: author.name }),
    })
    expect(answer.status, author.name).toBe(201)
  }
}

type Watched = BrowserContext & { problems: string[]; violations: string[]; dialogs: number }

/** A person whose pages tell when a policy has to stop something: it should not even come to that. */
async function newWatched(scripts = true): Promise<Watched> {
  const person = await newPerson(browser, { javaScriptEnabled: scripts })
  const violations: string[] = []
  const watched = Object.assign(person, { violations, dialogs: 0 })
  await person.exposeFunction('policyBroken', (text: string) => violations.push(text))
  await person.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => {
      ;(window as unknown as { policyBroken(text: string): void }).policyBroken(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`)
    })
  })
  person.on('page', (page) =>
    page.on('dialog', (dialog) => {
      watched.dialogs++
      return dialog.dismiss()
    }),
  )
  return watched
}

/** Nothing of a payload is in the page but text. */
async function expectHarmless(page: Page, where: string): Promise<void> {
  const found = page.locator(
    'img[src="x"], [onerror], [onload], [onfocus], [onmouseover], iframe[srcdoc], base, math, meta[http-equiv="refresh"], body svg script',
  )
  expect(await found.count(), where).toBe(0)
  const addresses = await page.locator('a, area').evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).href))
  expect(
    addresses.filter((address) => !/^https?:/.test(address)),
    where,
  ).toEqual([])
  const foreign = await page
    .locator('script')
    .evaluateAll((all) => all.map((s) => s.textContent ?? '').filter((text) => /^harmed=/.test(text)))
  expect(foreign, where).toEqual([])
}

async function expectUnharmed(page: Page, where: string): Promise<void> {
  await expectHarmless(page, where)
  const harmed = await page.evaluate(() => [window, ...Array.from(window.frames)].map((w) => (w as unknown as { harmed?: number }).harmed))
  expect(
    harmed.filter((h) => h !== undefined),
    where,
  ).toEqual([])
}

async function leaveUnharmed(...people: Watched[]): Promise<void> {
  for (const person of people) {
    expect(person.violations).toEqual([])
    expect(person.dialogs).toBe(0)
  }
  await leave(...people)
}

/** A payload as the server keeps it: one line without what turns text round. */
const kept = (payload: string) => payload.replace(/\s+/g, ' ').trim()

test('titles and names are text on the watch page, in a frame, and without scripts', async () => {
  const [guest, plain] = [await newWatched(), await newWatched(false)]
  for (const person of [guest, plain]) {
    const page = await person.newPage()
    for (const author of authors) {
      await page.goto(`${author.link}?t=${encodeURIComponent(author.name)}`)
      expect(await page.locator('#title').textContent()).toBe(kept(author.name))
      expect(await page.locator('.meta span').first().textContent()).toBe(kept(author.name))
      expect(await page.title()).toBe(`${kept(author.name)} · Meanwhile`)
      const content = (name: string) => page.locator(`meta[property="${name}"], meta[name="${name}"]`).first().getAttribute('content')
      for (const name of ['og:title', 'twitter:title']) expect(await content(name)).toBe(kept(author.name))
      expect(await content('og:description')).toContain(kept(author.name))
      await expectHarmless(page, author.name)
      if (person === plain) continue
      await expectUnharmed(page, author.name)
      await page.goto(`${author.link.replace('/v/', '/embed/')}?t=${encodeURIComponent(author.name)}`)
      expect(await page.locator('#title').textContent()).toBe(kept(author.name))
      await expectUnharmed(page, author.name)
    }
  }
  await leaveUnharmed(guest, plain)
})

test('comments and the names of guests are text, with the page and as they come', async () => {
  const first = authors[0] as Author
  const [guest, plain] = [await newWatched(), await newWatched(false)]
  for (const person of [plain, guest]) {
    const page = await person.newPage()
    await page.goto(first.link)
    const bodies = page.locator('.comment .body')
    await expect.poll(() => bodies.count()).toBe(2 * payloads.length)
    expect((await bodies.allTextContents()).sort()).toEqual([...payloads, ...payloads].map((p) => p.trim()).sort())
    expect((await page.locator('.comment .who strong').allTextContents()).sort()).toEqual([...payloads, ...payloads].map(kept).sort())
    expect(await page.locator('.comment .body *:not(a)').count()).toBe(0)
    for (const link of await page.locator('.comment .body a:not(.time)').all())
      expect(await link.getAttribute('rel')).toBe('nofollow noopener ugc')
    await expectHarmless(page, 'the conversation')
    if (person === plain) continue
    for (const author of authors) await author.client.comment(first.link, `live ${author.name}`)
    await expect.poll(() => bodies.count(), { timeout: 30_000 }).toBe(3 * payloads.length)
    expect(await page.locator('.comment .body *:not(a)').count()).toBe(0)
    await expectUnharmed(page, 'the live conversation')
  }
  await leaveUnharmed(guest, plain)
})

test('the pages of an account show its name and its titles as text', async () => {
  const person = await newWatched()
  const page = await person.newPage()
  for (const author of authors) {
    await page.goto(author.enter)
    await page.getByRole('button', { name: 'Sign in' }).click() // ends the session of whoever was there before
    await page.locator('main').getByText(kept(author.name)).first().waitFor()
    for (const path of ['/', '/record', new URL(author.link).pathname]) {
      if (path !== '/') await page.goto(program.base + path)
      expect(await page.locator('summary[aria-label]').first().getAttribute('aria-label')).toBe(`Account of ${kept(author.name)}`)
      await expectUnharmed(page, `${path} of ${author.name}`)
    }
  }
  await page.goto(`${program.base}/?q=${encodeURIComponent(payloads.join(' '))}&view=${encodeURIComponent(payloads.join(' '))}`)
  await page.getByRole('heading', { name: 'Your updates' }).waitFor()
  await expectUnharmed(page, 'a search')
  await leaveUnharmed(person)
})

test('what an address or a form says is shown as text, if at all', async () => {
  const person = await newWatched()
  const page = await person.newPage()
  for (const all of [payloads, payloads.toReversed()]) {
    const said = all.join(' ')
    const asked = encodeURIComponent(said)
    for (const path of [
      `/login?next=${asked}`,
      `/nothing/${asked}`,
      `/v/${asked}`,
      `/embed/${asked}`,
      `/enter/${asked}`,
      `/setup/${asked}`,
      `/oembed?url=${asked}`,
      `/api/v1/videos?cursor=${asked}`,
      `/m/${asked}/g1/x`,
    ]) {
      await page.goto(program.base + path)
      await expectUnharmed(page, path)
    }
    await page.goto(`${program.base}/signup`)
    await page.getByLabel('Your name').evaluate((field) => field.removeAttribute('maxlength')) // which bounds nobody who means harm
    await page.getByLabel('Your name').fill(said)
    await page.getByLabel('E-mail').fill(owner.email) // taken: the form comes again, with what was written
    await page.getByLabel('Password').fill('a password of its own')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByRole('alert').getByText('There is an account with this mail address already.').waitFor()
    expect(await page.getByLabel('Your name').inputValue()).toBe(said)
    await expectUnharmed(page, 'the form')
  }
  await leaveUnharmed(person)
})

test('the frame that oEmbed gives stays a frame inside another page', async () => {
  const person = await newWatched()
  const page = await person.newPage()
  for (const author of authors) {
    const answer = await fetch(`${program.base}/oembed?url=${encodeURIComponent(author.link)}`)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const { html, title, author_name } = (await answer.json()) as { html: string; title: string; author_name: string }
    expect([title, author_name]).toEqual([kept(author.name), kept(author.name)])
    await page.setContent(html.replace(/ src="[^"]*"/, '')) // the page around it is the one at stake
    expect(await page.locator('body > *').count(), html).toBe(1)
    expect(await page.locator('iframe').getAttribute('title')).toBe(kept(author.name))
    await expectUnharmed(page, author.name)
  }
  await leaveUnharmed(person)
})
