// A program, people with browsers that can record, and the common steps of the recorder tests.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { Client } from './api'
import { logIn, setUp } from './browser'
import { outFolder, Program } from './program'
import { type Devices, framesOf, makeDevices, openRecorder, openShared, type Recorder, removeDevices } from './recorder'

export class Studio {
  private readonly guests: Recorder[] = []

  private constructor(
    readonly program: Program,
    readonly client: Client,
    readonly devices: Devices,
    readonly folder: string,
    /** ada is signed in, for all tests that need no browser of their own. */
    readonly ada: Recorder,
    private readonly before: (() => void) | undefined,
  ) {}

  /** before runs in every page, before its own scripts. */
  static async open(before?: () => void): Promise<Studio> {
    const program = await Program.start()
    const devices = await makeDevices()
    const folder = await mkdtemp(join(tmpdir(), 'meanwhile-recordings-'))
    const ada = await openRecorder(join(folder, 'ada'), devices.flags)
    if (before) await ada.addInitScript(before)
    await setUp(program, await ada.newPage())
    return new Studio(program, await Client.of(program), devices, folder, ada, before)
  }

  /** A person's browser. The same name is the same person again. It is closed after the test. */
  async person(name: string, flags = this.devices.flags, options: BrowserContextOptions = {}): Promise<Recorder> {
    const context = await openRecorder(join(this.folder, name), flags, options)
    if (this.before) await context.addInitScript(this.before)
    this.guests.push(context)
    return context
  }

  /** tidy runs after each test. */
  async tidy(failed: boolean): Promise<void> {
    for (const context of failed ? [this.ada, ...this.guests] : []) await showFailure(context)
    for (const context of this.guests.splice(0)) await context.close().catch(() => undefined)
    for (const page of this.ada.pages().slice(1)) await page.close()
    this.ada.problems.length = 0
  }

  async close(): Promise<void> {
    await this.ada.close()
    await this.program.close()
    await removeDevices(this.devices)
    await rm(this.folder, { recursive: true, force: true })
  }

  /** The recorder, with a tab behind it that can be shared. */
  async recorderPage(context = this.ada, base = this.program.base, framesPerSecond = 10): Promise<Page> {
    await openShared(context, framesPerSecond)
    const page = await context.newPage()
    await page.goto(`${base}/record`)
    await choose(page, 'Both') // what was chosen last is remembered
    return page
  }

  /** Downloads the original of a link's video into a file, as the owner. */
  async original(link: string): Promise<string> {
    const { id } = await this.client.byLink(link)
    const answer = await fetch(`${this.program.base}/api/v1/videos/${id}/original`, {
      headers: { Authorization: `Bearer ${this.client.key}` },
    })
    expect(answer.status, 'the original').toBe(200)
    const path = join(this.folder, `${id}.original`)
    await writeFile(path, new Uint8Array(await answer.arrayBuffer()))
    return path
  }
}

async function showFailure(context: Recorder): Promise<void> {
  for (const [i, page] of context.pages().entries())
    await page.screenshot({ path: `${outFolder}failed-record-${i}.png` }).catch(() => undefined)
  process.stderr.write(`problems of a page:\n${context.problems.join('\n')}\n`)
}

export async function choose(page: Page, source: 'Both' | 'Screen' | 'Camera' | 'Voice'): Promise<void> {
  await page.getByRole('radio', { name: source }).check({ force: true })
}

export async function record(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Record', exact: true }).click()
  await page.getByRole('button', { name: 'Start now' }).click()
  await page.getByRole('button', { name: 'Stop and copy link' }).waitFor()
}

/** Seconds on the recorder's clock. */
export async function elapsed(page: Page): Promise<number> {
  const [minutes, seconds] = ((await page.getByRole('timer').textContent()) ?? '').split(':').map(Number)
  return (minutes ?? 0) * 60 + (seconds ?? 0)
}

export async function reaches(page: Page, seconds: number): Promise<void> {
  await expect.poll(() => elapsed(page), { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(seconds)
}

/** Stops, and waits until the server has everything. The log says how long that took. */
export async function stop(page: Page): Promise<{ seconds: number; link: string }> {
  await page.getByRole('button', { name: 'Stop and copy link' }).click()
  const began = performance.now()
  await page.getByText('Everything is on the server').first().waitFor({ state: 'attached', timeout: 30_000 })
  process.stdout.write(`stop to everything on the server: ${Math.round(performance.now() - began)} ms\n`)
  return stopped(page)
}

/** What the page shows after a recording was stopped: its length, and the link in the clipboard. */
export async function stopped(page: Page): Promise<{ seconds: number; link: string }> {
  await page.getByRole('heading', { name: 'Your link is copied' }).waitFor()
  const [minutes, seconds] = ((await page.locator('.finished .num').textContent()) ?? '')
    .trim()
    .split(/[: ]/)
    .map(Number)
  return {
    seconds: (minutes ?? 0) * 60 + (seconds ?? 0),
    link: await page.evaluate(() => navigator.clipboard.readText()),
  }
}

/**
 * A file is as long as the clock said. The clock shows whole seconds. The recorder may begin a
 * second after it, and takes a second at most until it has stopped.
 */
export function expectLength(fileS: number, clockS: number): void {
  const words = `${fileS} s in the file, ${clockS} s on the clock`
  expect(fileS, words).toBeGreaterThan(clockS - 1)
  expect(fileS, words).toBeLessThan(clockS + 2)
}

/** The box on a page that offers recordings of earlier pages. */
export function leftovers(page: Page) {
  return page.getByRole('region', { name: 'Recordings that are not all up yet' })
}

/**
 * Opens the site again. A killed browser may have lost its cookie, which goes to the disk only from
 * time to time.
 */
export async function comeBack(page: Page, base: string): Promise<void> {
  await page.goto(base)
  await page.getByRole('heading', { name: /^(Sign in|Your updates)$/ }).waitFor()
  if (new URL(page.url()).pathname === '/login') await logIn({ base }, page)
}

/** What is said of a discarded take once the server has it in the trash. */
export const inTheTrash = /\bin the trash\b/i

/** The takes on this browser's disk. */
export function spools(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = []
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('recordings', { create: true })
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name)
    return names
  })
}

/**
 * Kills every process of the browser with this profile at once, like a crash of the machine. kind:
 * only those whose command line contains it.
 */
export async function killBrowser(profile: string, kind = ''): Promise<number> {
  const pids = await processesOf(profile, kind)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return pids.length
}

async function processesOf(profile: string, kind: string): Promise<number[]> {
  const pids: number[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
    if (line.includes(`--user-data-dir=${profile}`) && line.includes(kind) && /chrom/.test(exe)) pids.push(Number(pid))
  }
  return pids
}

/**
 * A piece of the main track: when the browser's recorder delivered it, its bytes, and whether the
 * page knows that it is on the disk.
 */
export type Piece = { atMs: number; sizeBytes: number; sha256: string; isKept: boolean }

const timerMs = 10
/** A bare timer beside the recording: how late this machine runs what is due. */
const timer = monitorEventLoopDelay({ resolution: timerMs })

/** How late the bare timer was at its worst moment since followPieces. */
export function worstDelayMs(): number {
  return Math.max(0, Math.round(timer.max / 1e6) - timerMs)
}

/** Follows the pieces of a recording on their way to the disk. Call it before the page loads. */
export async function followPieces(page: Page): Promise<Piece[]> {
  timer.reset()
  timer.enable()
  const pieces: Piece[] = []
  await page.exposeFunction('onPiece', (atMs: number, base64: string) => {
    const bytes = Buffer.from(base64, 'base64')
    pieces.push({ atMs, sizeBytes: bytes.length, sha256: sha256(bytes), isKept: false })
  })
  await page.exposeFunction('onKept', () => {
    const next = pieces.find((p) => !p.isKept)
    if (next) next.isKept = true
  })
  await page.addInitScript(() => {
    const hooks = window as unknown as { onPiece(atMs: number, base64: string): Promise<void>; onKept(): Promise<void> }
    let takenMs = 0
    let order: Promise<unknown> = Promise.resolve()
    const next = (work: () => Promise<unknown>): void => {
      order = order.then(work)
    }
    const base64 = (blob: Blob): Promise<string> =>
      new Promise((resolve) => {
        const reader = new FileReader()
        reader.onload = () => resolve(String(reader.result).replace(/^.*,/, ''))
        reader.readAsDataURL(blob)
      })
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        this.addEventListener('message', ({ data }) => {
          if (data.event !== 'progress' || data.progress.takenMs <= takenMs) return
          takenMs = data.progress.takenMs
          next(() => hooks.onKept())
        })
      }
      // biome-ignore lint/suspicious/noExplicitAny: whatever a page sends to a worker
      override postMessage(message: any, transfer?: any): void {
        super.postMessage(message, transfer)
        if (message.command !== 'chunk' || message.track !== 'screen') return
        const atMs = Date.now()
        next(async () => hooks.onPiece(atMs, await base64(message.blob)))
      }
    }
  })
  return pieces
}

/** The followed pieces at the beginning of a file, compared by their bytes. */
export async function piecesIn(path: string, pieces: readonly Piece[]): Promise<Piece[]> {
  const bytes = await readFile(path)
  const found: Piece[] = []
  let at = 0
  for (const piece of pieces) {
    if (sha256(bytes.subarray(at, at + piece.sizeBytes)) !== piece.sha256) break
    at += piece.sizeBytes
    found.push(piece)
  }
  return found
}

/** README's promise P2, on a machine that is free for it. */
const mostLostMs = 2000

/**
 * Everything that the page knows to be on the disk is there. The loss is less than promised, both
 * at the moment when the recording was cut off and at the worst moment, just before the next piece.
 * Each frame says when it was drawn.
 */
export async function expectLittleLost(path: string, pieces: readonly Piece[], cutOffAtMs: number): Promise<void> {
  const kept = pieces.filter((p) => p.isKept).length
  const there = (await piecesIn(path, pieces)).length
  expect(kept).toBeGreaterThan(2)
  expect(there, 'pieces that were kept').toBeGreaterThanOrEqual(kept)
  const frames = await framesOf(path)
  const lostMs = cutOffAtMs - (frames.at(-1)?.drawnAtMs ?? 0)
  const keys = frames.filter((f) => f.isKey)
  const large = pieces.filter((p) => p.sizeBytes > 4096) // the first pieces are the file's header
  // Piece n holds the frames from key frame n to the next one. Until it comes, all of them can be
  // lost.
  const atStakeMs = large.flatMap((piece, n) => (keys[n] ? [piece.atMs - keys[n].drawnAtMs] : []))
  // A piece passes the recorder and the page. On a machine with other work, each of them is as late
  // as the bare timer was. This is about the worst piece, so it is about the worst delay, too.
  const lateMs = worstDelayMs()
  // In make test, other work runs beside the recorder, and may delay one piece by more. There the
  // second worst has to be in time; in make soak, where nothing else runs, the worst.
  const late = process.env.MEANWHILE_SOAK === 'on' ? 0 : 1
  const worstMs = atStakeMs.toSorted((a, b) => b - a)[Math.min(late, atStakeMs.length - 1)] ?? Number.NaN
  process.stdout.write(`cut off: ${lostMs} ms lost, at the worst moment ${worstMs} ms; a timer was ${lateMs} ms late\n`)
  expect(lostMs).toBeLessThanOrEqual(mostLostMs + 2 * lateMs)
  expect(worstMs).toBeLessThanOrEqual(mostLostMs + 2 * lateMs)
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
