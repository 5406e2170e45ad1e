// Raw recordings, in hls.js and in the browser's own player: with their sound in AAC, and with a
// picture whose size changes.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { newPerson, openBrowser } from './browser'
import { clip } from './clips'
import { owner, Program, samples } from './program'

const SECONDS = 26

let program: Program
let browser: Browser
let folder: string
beforeAll(async () => {
  program = await Program.start()
  browser = await openBrowser()
  folder = await mkdtemp(join(tmpdir(), 'meanwhile-sound-'))
  await program.command('user', 'add', owner.email, '--name', owner.name)
})
afterAll(async () => {
  await browser?.close()
  await program?.close()
  if (folder) await rm(folder, { recursive: true })
})

type Track = { hls?: string; hls_aac?: string }

/** A recording that is sent in chunks, like from a browser. */
class Take {
  private chunks = 0
  private bytes = 0
  private constructor(
    private readonly key: string,
    private readonly begun: { share_token: string; upload: { url: string; token: string } },
  ) {}

  static async begin(): Promise<Take> {
    const { key } = await Client.of(program)
    const answer = await ask('POST', '/api/v1/videos', key, '{"source":"recording"}', JSON_TYPE)
    return new Take(key, await answer.json())
  }

  async send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += 250_000) {
      const chunk = new Uint8Array(bytes.subarray(at, at + 250_000))
      const digest = `sha-256=:${createHash('sha256').update(chunk).digest('base64')}:`
      const { url, token } = this.begun.upload
      await ask('PUT', `${url}/tracks/screen/chunks/${this.chunks}`, token, chunk, {
        'Content-Digest': digest,
        'Content-Type': 'video/mp4',
      })
      this.chunks++
      this.bytes += chunk.length
    }
  }

  async complete(): Promise<void> {
    const { url, token } = this.begun.upload
    await ask(
      'POST',
      `${url}/complete`,
      token,
      JSON.stringify({ tracks: { screen: { chunks: this.chunks, bytes: this.bytes } } }),
      JSON_TYPE,
    )
  }

  /** The address of a playlist of the main track, once it exists. */
  async playlist(of: keyof Track): Promise<string> {
    const address = async () => {
      const answer = await ask('GET', `/api/v1/shares/${this.begun.share_token}`, this.key)
      return ((await answer.json()) as { playback: { tracks: Track[] } }).playback.tracks[0]?.[of]
    }
    await expect.poll(address, { timeout: 30_000, message: of }).toBeDefined()
    return new URL((await address()) ?? '', program.base).href
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

async function ask(
  method: string,
  url: string,
  token: string,
  body?: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  const answer = await fetch(new URL(url, program.base), {
    method,
    body: body ?? null,
    headers: { Authorization: `Bearer ${token}`, ...headers },
  })
  expect(answer.ok, `${method} ${url}: ${answer.status}`).toBe(true)
  return answer
}

type Player = 'hls.js' | 'the browser'

/** Plays a playlist in a page up to a time, then from another one, and returns what was shown. */
async function play(page: Page, by: Player, playlist: string, until: number, again: { from: number; to: number }) {
  await page.goto(`${program.base}/login`)
  if (by === 'hls.js') await page.addScriptTag({ path: 'node_modules/hls.js/dist/hls.light.min.js' })
  return page.evaluate(
    async ({ by, playlist, until, again }) => {
      const video = document.createElement('video')
      document.body.replaceChildren(video)
      const errors: string[] = []
      const widths = new Set<number>()
      interface Light {
        loadSource(url: string): void
        attachMedia(video: HTMLVideoElement): void
        on(name: string, heard: (_: unknown, data: { fatal: boolean; details: string }) => void): void
      }
      if (by === 'hls.js') {
        const hls = new (window as unknown as { Hls: new () => Light }).Hls()
        hls.on('hlsError', (_, data) => data.fatal && errors.push(data.details))
        hls.loadSource(playlist)
        hls.attachMedia(video)
      } else video.src = playlist
      video.addEventListener('error', () => errors.push(video.error?.message ?? 'error'))
      video.addEventListener('resize', () => widths.add(video.videoWidth))
      const reaches = async (seconds: number) => {
        const end = Date.now() + 20_000
        while (video.currentTime < seconds && !video.ended && errors.length === 0 && Date.now() < end)
          await new Promise((done) => setTimeout(done, 50))
      }
      await video.play().catch((error: unknown) => errors.push(String(error)))
      await reaches(until)
      const first = video.currentTime
      video.currentTime = again.from
      await reaches(again.to)
      const heard = (video as unknown as { webkitAudioDecodedByteCount: number }).webkitAudioDecodedByteCount
      return { errors, first, second: video.currentTime, duration: video.duration, heard, widths: [...widths] }
    },
    { by, playlist, until, again },
  )
}

test('the sound in AAC plays in hls.js and in the browser itself', async () => {
  const words =
    '-c:v libx264 -preset ultrafast -g 60 -pix_fmt yuv420p -c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof'
  const take = await Take.begin()
  await take.send(
    await readFile(await clip(join(folder, 'take.mp4'), SECONDS, words.split(' '), 'size=640x360:rate=30')),
  )
  const playlist = await take.playlist('hls_aac')
  await take.complete()
  await expect.poll(async () => (await fetch(playlist)).text(), { timeout: 30_000 }).toContain('#EXT-X-ENDLIST')
  const viewer = await newPerson(browser, { bypassCSP: true })
  const page = await viewer.newPage()
  for (const by of ['hls.js', 'the browser'] as const) {
    const seen = await play(page, by, playlist, 3, { from: 19, to: 21 })
    expect(seen.errors, by).toEqual([])
    expect(seen.first, `${by}: plays from the beginning`).toBeGreaterThanOrEqual(3)
    expect(seen.second, `${by}: plays on after a seek`).toBeGreaterThanOrEqual(21)
    expect(Math.abs(seen.duration - SECONDS), `${by}: the length ${seen.duration}`).toBeLessThan(0.5)
    expect(seen.heard, `${by}: bytes of sound`).toBeGreaterThan(10_000)
  }
  await viewer.close()
})

test('a picture whose size moves plays while it is recorded, and to its end', async () => {
  const files = (await samples()).filter((path) => path.endsWith('.mp4'))
  const path = files.find((name) => basename(name).includes('resized')) ?? files[1] ?? ''
  const bytes = await readFile(path)
  const take = await Take.begin()
  await take.send(bytes.subarray(0, Math.floor(bytes.length * 0.7)))
  const playlist = await take.playlist('hls')
  const viewer = await newPerson(browser, { bypassCSP: true })
  const page = await viewer.newPage()
  const live = await play(page, 'hls.js', playlist, 2, { from: 0.2, to: 1.2 })
  expect(live.errors, 'while it is recorded').toEqual([])
  expect(live.first, 'while it is recorded it plays from the beginning').toBeGreaterThanOrEqual(2)
  await take.send(bytes.subarray(Math.floor(bytes.length * 0.7)))
  await take.complete()
  const whole = await play(page, 'hls.js', playlist, 5, { from: 1, to: 3 })
  expect(whole.errors, 'after its end').toEqual([])
  expect(whole.first, 'it plays over the place where the size moves').toBeGreaterThanOrEqual(5)
  if (path.includes('resized')) expect(whole.widths.length, `widths seen: ${whole.widths}`).toBeGreaterThan(1)
  await viewer.close()
})
