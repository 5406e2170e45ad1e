// A recording with Opus has its sound in AAC at stop: the playlist plays in hls.js and in the browser's own player.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from './api'
import { newPerson, openBrowser } from './browser'
import { clip, owner, Program } from './program'

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

type Begun = { share_token: string; upload: { url: string; token: string } }
type Shared = { playback: { tracks: { hls_aac?: string }[] } }

/** Sends a browser's kind of recording in chunks, and gives the playlist with AAC once it is whole. */
async function recordedPlaylist(): Promise<string> {
  const words = '-c:v libx264 -preset ultrafast -g 60 -pix_fmt yuv420p -c:a libopus -movflags frag_keyframe+empty_moov+default_base_moof'
  const bytes = await readFile(await clip(join(folder, 'take.mp4'), SECONDS, words.split(' '), 'size=640x360:rate=30'))
  const { key } = await Client.of(program)
  const ask = async (method: string, url: string, token: string, body?: BodyInit, headers: Record<string, string> = {}) => {
    const answer = await fetch(new URL(url, program.base), {
      method,
      body: body ?? null,
      headers: { Authorization: `Bearer ${token}`, ...headers },
    })
    expect(answer.ok, `${method} ${url}: ${answer.status}`).toBe(true)
    return answer
  }
  const json = { 'Content-Type': 'application/json' }
  const { upload, share_token } = (await (await ask('POST', '/api/v1/videos', key, '{"source":"recording"}', json)).json()) as Begun
  const share = async () => (await (await ask('GET', `/api/v1/shares/${share_token}`, key)).json()) as Shared
  let chunks = 0
  for (let at = 0; at < bytes.length; at += 250_000) {
    const chunk = new Uint8Array(bytes.subarray(at, at + 250_000))
    const digest = `sha-256=:${createHash('sha256').update(chunk).digest('base64')}:`
    await ask('PUT', `${upload.url}/tracks/screen/chunks/${chunks}`, upload.token, chunk, {
      'Content-Digest': digest,
      'Content-Type': 'video/mp4',
    })
    chunks++
  }
  const address = async () => (await share()).playback.tracks[0]?.hls_aac
  await expect.poll(address, { timeout: 30_000, message: 'sound in AAC while it is recorded' }).toBeDefined()
  const playlist = new URL((await address()) ?? '', program.base).href
  await ask('POST', `${upload.url}/complete`, upload.token, JSON.stringify({ tracks: { screen: { chunks, bytes: bytes.length } } }), json)
  await expect.poll(async () => (await fetch(playlist)).text(), { timeout: 30_000 }).toContain('#EXT-X-ENDLIST')
  return playlist
}

test('the sound in AAC plays in hls.js and in the browser itself', async () => {
  const playlist = await recordedPlaylist()
  const viewer = await newPerson(browser, { bypassCSP: true })
  const page = await viewer.newPage()
  for (const by of ['hls.js', 'the browser'] as const) {
    await page.goto(`${program.base}/login`)
    if (by === 'hls.js') await page.addScriptTag({ path: 'node_modules/hls.js/dist/hls.light.min.js' })
    const seen = await page.evaluate(
      async ({ by, playlist }) => {
        const video = document.createElement('video')
        document.body.replaceChildren(video)
        const errors: string[] = []
        type Light = new () => {
          loadSource(url: string): void
          attachMedia(video: HTMLVideoElement): void
          on(name: string, heard: (_: unknown, data: { fatal: boolean; details: string }) => void): void
        }
        if (by === 'hls.js') {
          const hls = new (window as unknown as { Hls: Light }).Hls()
          hls.on('hlsError', (_, data) => data.fatal && errors.push(data.details))
          hls.loadSource(playlist)
          hls.attachMedia(video)
        } else video.src = playlist
        video.addEventListener('error', () => errors.push(video.error?.message ?? 'error'))
        const reaches = async (seconds: number) => {
          const end = Date.now() + 20_000
          while (video.currentTime < seconds && errors.length === 0 && Date.now() < end) await new Promise((done) => setTimeout(done, 50))
        }
        await video.play().catch((error: unknown) => errors.push(String(error)))
        await reaches(3)
        const first = video.currentTime
        video.currentTime = 19
        await reaches(21)
        const heard = (video as unknown as { webkitAudioDecodedByteCount: number }).webkitAudioDecodedByteCount
        return { errors, first, second: video.currentTime, duration: video.duration, heard, width: video.videoWidth }
      },
      { by, playlist },
    )
    expect(seen.errors, by).toEqual([])
    expect(seen.first, `${by}: plays from the beginning`).toBeGreaterThanOrEqual(3)
    expect(seen.second, `${by}: plays on after a seek`).toBeGreaterThanOrEqual(21)
    expect(Math.abs(seen.duration - SECONDS), `${by}: the length ${seen.duration}`).toBeLessThan(0.5)
    expect(seen.heard, `${by}: bytes of sound`).toBeGreaterThan(10_000)
    expect(seen.width, by).toBe(640)
  }
  await viewer.close()
})
