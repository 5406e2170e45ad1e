// The cost of the recorder, and how soon its link plays. cmd/meanwhile/bench_recorder_test.go sets
// in MEANWHILE_BENCH_RECORDER what to measure and how often, and reads the result.
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { logIn } from './browser'
import { openChromium, reads, signIn, start, stop as stopHidden } from './desktop'
import { framesOf, openShared, openSharedIn, type Recorder, withoutRecorderOfMp4 } from './recorder'
import { comeBack, followPieces, killBrowser, leftovers, piecesIn, reaches, record, Studio } from './studio'
import { Take } from './take'
import { Wire } from './wire'

const run = promisify(execFile)

/** tier A: with the page's own encoders instead of the browser's recorder. */
type Asked = { parts: string[]; times: number; seconds: number; tier: string; out: string }

const asked = JSON.parse(process.env.MEANWHILE_BENCH_RECORDER ?? '') as Asked
const before = asked.tier === 'A' ? withoutRecorderOfMp4 : undefined
const found: Record<string, number[]> = {}

function note(name: string, value: number): void {
  found[name] = [...(found[name] ?? []), value]
  process.stdout.write(`${name}: ${value}\n`)
}

const parts: Record<string, (studio: Studio) => Promise<void>> = {
  /**
   * From the press of the button until the server has everything, and until a new watch page shows
   * a frame.
   */
  stop: async (studio) => {
    const page = await studio.recorderPage(studio.ada, studio.program.base, 30)
    for (let i = 0; i < asked.times; i++) await takeAndStop(studio, page, '')
  },
  slow: async (studio) => {
    const wire = await Wire.to(studio.program.base)
    wire.limit(4e6)
    const page = await studio.recorderPage(studio.ada, wire.base, 30)
    for (let i = 0; i < asked.times; i++) await takeAndStop(studio, page, ' at 4 Mb/s')
    await wire.close()
  },
  /** A quarter of the pieces is cut off, and the network is away for six seconds in the middle. */
  cut: async (studio) => {
    const wire = await Wire.to(studio.program.base)
    await openShared(studio.ada, 30)
    const page = await studio.ada.newPage()
    const pieces = await followPieces(page)
    await page.goto(`${wire.base}/record`)
    wire.cutEveryNthPut(4)
    for (let i = 0; i < asked.times; i++) {
      await record(page)
      await reaches(page, asked.seconds / 3)
      wire.cut()
      await reaches(page, asked.seconds / 3 + 6)
      wire.restore()
      await reaches(page, asked.seconds)
      const { ms, link } = await stopping(page)
      note('stop to complete, cut and offline', ms)
      const path = await studio.original(link)
      const sizeBytes = (await readFile(path)).length
      const mine = pieces.splice(0)
      expect((await piecesIn(path, mine)).reduce((sum, p) => sum + p.sizeBytes, 0)).toBe(sizeBytes)
      await page.getByRole('button', { name: 'Record another one' }).click()
    }
    await wire.close()
  },
  /** Ten minutes, sent through the protocol except for the last piece. */
  long: async (studio) => {
    const page = await studio.recorderPage(studio.ada, studio.program.base, 30)
    const { link } = await takeAndStop(studio, page, '', false)
    const whole = join(studio.folder, 'long.mp4')
    const loops = String(Math.ceil(600 / asked.seconds))
    const fragments = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof']
    await run('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-stream_loop',
      loops,
      '-i',
      await studio.original(link),
      '-c',
      'copy',
      ...fragments,
      whole,
    ])
    for (let i = 0; i < asked.times; i++) await pushAndStop(studio, new Uint8Array(await readFile(whole)))
  },
  kill: async (studio) => {
    const wire = await Wire.to(studio.program.base)
    for (let i = 0; i < asked.times; i++)
      note('lost at kill -9', await killAndCount(studio, wire, `killed-${i}`, 8000 + 300 * i))
    await wire.close()
  },
  hidden: async (studio) => {
    const browser = await openChromium(join(studio.folder, 'hidden'), studio.devices.flags)
    await browser.defaultBrowserContext().overridePermissions(studio.program.base, ['camera', 'microphone'])
    const page = await browser.newPage()
    if (before) await page.evaluateOnNewDocument(before)
    await signIn(studio.program, page)
    const shared = await browser.newPage()
    await openSharedIn(shared, 30)
    await page.bringToFront()
    await page.goto(`${studio.program.base}/record`)
    await start(page, 'both')
    const fromMs = Date.now()
    await shared.bringToFront()
    await passes(2 * asked.seconds * 1000)
    const toMs = Date.now()
    await page.bringToFront()
    await reads(page, '.safety', 'Safe on the server up to')
    const path = await studio.original(await stopHidden(page))
    const drawn = new Set((await framesOf(path)).map((f) => f.drawnAtMs).filter((ms) => ms > fromMs && ms < toMs))
    note('frames a second while hidden', (drawn.size * 1000) / (toMs - fromMs))
    await browser.close()
  },
  /**
   * CPU of the whole browser, compared with the same share and camera on a page that only has two
   * recorders.
   */
  cpu: async (studio) => {
    for (let i = 0; i < asked.times; i++) {
      const ours = await studio.person(`cpu-${i}`)
      await logIn(studio.program, await ours.newPage())
      const page = await studio.recorderPage(ours)
      await record(page)
      note('CPU of the recorder', await cpuOf(ours))
      await ours.close()
      const bare = await studio.person(`bare-${i}`)
      await openShared(bare, 30)
      const alone = await bare.newPage()
      await alone.route('**/bare', (route) => route.fulfill({ contentType: 'text/html', body: '<button>Go</button>' }))
      await alone.goto(`${studio.program.base}/bare`)
      await alone.evaluate(() => {
        const go = async (): Promise<void> => {
          const video = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 30, max: 30 } }
          const screen = await navigator.mediaDevices.getDisplayMedia({ video, audio: true })
          const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true })
          const [face] = camera.getVideoTracks()
          const both = new MediaStream([...screen.getVideoTracks(), ...camera.getAudioTracks()])
          const recorders = [
            new MediaRecorder(both, { mimeType: 'video/mp4;codecs=avc1.42E01F,opus', videoBitsPerSecond: 2_500_000 }),
            new MediaRecorder(new MediaStream(face ? [face] : []), {
              mimeType: 'video/mp4;codecs=avc1.42E01F',
              videoBitsPerSecond: 600_000,
            }),
          ]
          for (const recorder of recorders) recorder.start(2000)
          Object.assign(window, { recorders })
        }
        document.querySelector('button')?.addEventListener('click', () => void go())
      })
      await alone.getByRole('button').click()
      await alone.waitForFunction(() => 'recorders' in window)
      note('CPU of two bare recorders', await cpuOf(bare))
      await bare.close()
    }
  },
}

test('the recorder', { timeout: 1_200_000 }, async () => {
  const studio = await Studio.open(before)
  try {
    for (const name of asked.parts) {
      await parts[name]?.(studio)
      await studio.tidy(false)
    }
    await writeFile(asked.out, JSON.stringify(found))
  } finally {
    await studio.close()
  }
})

async function takeAndStop(studio: Studio, page: Page, how: string, isNoted = true): Promise<{ link: string }> {
  await record(page)
  await reaches(page, asked.seconds)
  const watching = await studio.ada.newPage() // the time for an empty tab does not count
  await page.bringToFront()
  const { ms, pressedAtMs, link } = await stopping(page)
  await watching.addInitScript(playAtOnce)
  await watching.goto(link, { waitUntil: 'commit' })
  const shownAtMs = await firstFrameAt(watching)
  if (isNoted) {
    note(`stop to complete${how}`, ms)
    note(`stop to first frame${how}`, shownAtMs - pressedAtMs)
  }
  await watching.close()
  await page.getByRole('button', { name: 'Record another one' }).click()
  return { link }
}

/** Presses stop, and waits in the page itself until it says that the server has everything. */
async function stopping(page: Page): Promise<{ ms: number; pressedAtMs: number; link: string }> {
  return page.evaluate(async () => {
    const pressedAtMs = Date.now()
    document.querySelector<HTMLButtonElement>('.live button.record')?.click()
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!document.querySelector('.finished')?.textContent?.includes('Everything is on the server')) return
        watch.disconnect()
        resolve()
      }
      const watch = new MutationObserver(look)
      watch.observe(document.body, { childList: true, subtree: true, characterData: true })
      look()
    })
    const link = document.querySelector<HTMLInputElement>('.finished input')?.value ?? ''
    return { ms: Date.now() - pressedAtMs, pressedAtMs, link }
  })
}

/**
 * Runs in the watch page: plays as soon as there is a video, and stores when its first frame was
 * shown.
 */
function playAtOnce(): void {
  const look = new MutationObserver(() => {
    const video = document.querySelector('video')
    if (!video) return
    look.disconnect()
    video.muted = true
    video.requestVideoFrameCallback(() => Object.assign(window, { shownAtMs: Date.now() }))
    video.addEventListener('loadedmetadata', () => void video.play().catch(() => undefined))
    video.play().catch(() => undefined)
  })
  look.observe(document, { childList: true, subtree: true })
}

async function firstFrameAt(page: Page): Promise<number> {
  await page.waitForFunction(() => 'shownAtMs' in window, undefined, { timeout: 30_000 })
  return page.evaluate(() => (window as unknown as { shownAtMs: number }).shownAtMs)
}

async function pushAndStop(studio: Studio, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const take = await Take.begin(studio.client, 'Ten minutes')
  const rest = bytes.length - 500_000
  await take.putAll('screen', bytes.subarray(0, rest))
  const watching = await studio.ada.newPage()
  await watching.addInitScript(playAtOnce)
  const pressedAtMs = Date.now()
  await take.put('screen', bytes.subarray(rest))
  await take.complete()
  note('stop to complete, 10 min', Date.now() - pressedAtMs)
  await watching.goto(take.link, { waitUntil: 'commit' })
  note('stop to first frame, 10 min', (await firstFrameAt(watching)) - pressedAtMs)
  await watching.close()
}

/**
 * How much of a recording is missing after its browser was killed: from the time in the last
 * recovered frame until the kill.
 */
async function killAndCount(studio: Studio, wire: Wire, name: string, afterMs: number): Promise<number> {
  const first = await studio.person(name)
  await logIn({ base: wire.base }, await first.newPage())
  const page = await studio.recorderPage(first, wire.base)
  await record(page)
  const link = await page.getByLabel(/^Your link/).inputValue()
  await passes(afterMs)
  const killedAtMs = Date.now()
  await killBrowser(first.profile)
  const again = await (await studio.person(name)).newPage()
  await comeBack(again, wire.base)
  await leftovers(again).getByRole('button', { name: 'Finish it' }).click({ timeout: 20_000 })
  await leftovers(again).locator('strong', { hasText: 'Your recording is ready.' }).waitFor({ timeout: 60_000 })
  return killedAtMs - ((await framesOf(await studio.original(link))).at(-1)?.drawnAtMs ?? 0)
}

/** CPU seconds of all processes of a browser during some seconds of recording. */
async function cpuOf(browser: Recorder): Promise<number> {
  await passes(3000)
  const before = await ticksOf(browser.profile)
  await passes((asked.seconds / 2) * 1000)
  return (await ticksOf(browser.profile)) - before
}

async function ticksOf(profile: string): Promise<number> {
  let seconds = 0
  const parents = new Map<string, string>()
  const own = new Map<string, number>()
  const roots = new Set<string>()
  for (const pid of await readdir('/proc')) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    parents.set(pid, fields[1] ?? '')
    own.set(pid, (Number(fields[11]) + Number(fields[12])) / 100)
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(`--user-data-dir=${profile}`)) roots.add(pid)
  }
  for (const [pid, spent] of own) {
    for (let at: string | undefined = pid; at; at = parents.get(at)) {
      if (!roots.has(at)) continue
      seconds += spent
      break
    }
  }
  return seconds
}

function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
