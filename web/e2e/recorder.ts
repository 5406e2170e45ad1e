// A Chromium whose camera and microphone are files, and a tab that is shared without a question.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { args, executablePath } from './browser'

const run = promisify(execFile)

/** The title of the shared tab. */
const shared = 'SHARETARGET'

/** Every picture has this many bits of the time in ms: enough for four hours. */
const clockBits = 24

export type Devices = { folder: string; flags: string[] }

/**
 * Makes the camera and the microphone. Do not add the flag `--use-fake-ui-for-media-stream`: it
 * shares a green pattern.
 */
export async function makeDevices(): Promise<Devices> {
  const folder = await mkdtemp(join(tmpdir(), 'meanwhile-devices-'))
  const [camera, microphone] = [join(folder, 'camera.mjpeg'), join(folder, 'microphone.wav')]
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=640x480:rate=30:duration=5', '-pix_fmt', 'yuvj420p', '-q:v', '5']
  const sound = [
    '-f',
    'lavfi',
    '-i',
    'sine=frequency=300:beep_factor=4:sample_rate=48000:duration=10',
    '-af',
    'volume=4',
    '-ac',
    '1',
  ]
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...picture, camera])
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...sound, microphone])
  const flags = [
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${camera}`,
    `--use-file-for-fake-audio-capture=${microphone}`,
    `--auto-select-tab-capture-source-by-title=${shared}`,
  ]
  return { folder, flags }
}

export async function removeDevices(devices: Devices | undefined): Promise<void> {
  if (devices) await rm(devices.folder, { recursive: true, force: true })
}

export type Recorder = BrowserContext & { problems: string[]; profile: string }

/** A browser with its own profile, which another one can open again. */
export async function openRecorder(
  profile: string,
  flags: string[],
  options: BrowserContextOptions = {},
): Promise<Recorder> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...args, ...flags],
    ignoreDefaultArgs: ['--mute-audio'],
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce', // colours that are on their way look like bad contrast
    permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'],
    ...options,
  })
  const problems: string[] = []
  context.on('weberror', (error) => problems.push(error.error().stack ?? String(error.error())))
  context.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text()))
      problems.push(message.text())
  })
  return Object.assign(context, { problems, profile })
}

/**
 * Runs in a page before its scripts: without an MP4 recorder, the page must use its own encoders.
 */
export function withoutRecorderOfMp4(): void {
  const supports = MediaRecorder.isTypeSupported.bind(MediaRecorder)
  MediaRecorder.isTypeSupported = (type) => !type.includes('mp4') && supports(type)
}

/**
 * The shared tab. Something moves in it, as on a real screen, and the bits of a row in its middle
 * say when each picture was drawn. The middle stays the middle when a browser bar makes the tab
 * smaller.
 */
const sharedPage = (
  framesPerSecond: number,
) => `<title>${shared}</title><body style="margin:0"><canvas id="c" width="1280" height="50" style="position:fixed;left:0;top:calc(50% - 25px)">
</canvas><p id="p" style="margin:20px;font:120px sans-serif;color:white"></p><script>
const x = c.getContext('2d'); let n = 0
setInterval(() => {
  document.body.style.background = 'hsl(' + ((++n * 3) % 360) + ' 50% 35%)'; p.textContent = n
  const t = Date.now()
  for (let bit = 0; bit < ${clockBits}; bit++) { x.fillStyle = Math.floor(t / 2 ** bit) % 2 ? 'white' : 'black'; x.fillRect(bit * 50, 0, 50, 50) }
}, ${Math.floor(1000 / framesPerSecond)})
</script>`

/** Ten pictures a second are like a screen in use. More would only heat the machine. */
export async function openShared(context: BrowserContext, framesPerSecond = 10): Promise<Page> {
  const page = await context.newPage()
  await page.setViewportSize({ width: 1280, height: 720 })
  await openSharedIn(page, framesPerSecond)
  return page
}

export async function openSharedIn(
  page: { goto(url: string): Promise<unknown> },
  framesPerSecond: number,
): Promise<void> {
  await page.goto(`data:text/html,${encodeURIComponent(sharedPage(framesPerSecond))}`)
}

/** A frame of a recording of the shared tab: its time in the file, and when it was drawn. */
export type Frame = { ptsMs: number; drawnAtMs: number; isKey: boolean }

/** framesOf reads the clock in every picture of a file that was recorded in the last four hours. */
export async function framesOf(path: string): Promise<Frame[]> {
  const filter = `crop=${clockBits * 50}:30:0:ih/2-15,scale=${clockBits}:1:flags=area,format=gray`
  const pixels = await run(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-vf', filter, '-vsync', 'passthrough', '-f', 'rawvideo', '-'],
    {
      encoding: 'buffer',
      maxBuffer: 64 << 20,
    },
  )
  const packets = await run('ffprobe', [
    '-v',
    'error',
    '-select_streams',
    'v',
    '-show_entries',
    'packet=pts_time,flags',
    '-of',
    'csv=p=0',
    path,
  ])
  const round = 2 ** clockBits
  const now = Date.now()
  return packets.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','))
    .map(([pts, flags], i) => {
      const bits = pixels.stdout.subarray(i * clockBits, (i + 1) * clockBits)
      const clock = bits.reduce((sum, pixel, bit) => sum + (pixel > 128 ? 2 ** bit : 0), 0)
      const drawnAtMs = now - ((((now - clock) % round) + round) % round)
      return { ptsMs: Number(pts) * 1000, drawnAtMs, isKey: flags?.startsWith('K') ?? false }
    })
}

export type Inspected = { kinds: string[]; seconds: number; width: number }

/**
 * What ffmpeg finds in a file: streams, the time of the last packet, and whether everything
 * decodes. Frames keep their own times, because they come when something moves.
 */
export async function inspect(path: string): Promise<Inspected> {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_type,width',
    '-of',
    'json',
    path,
  ])
  const streams = (JSON.parse(stdout) as { streams: { codec_type: string; width?: number }[] }).streams
  const packets = await run('ffprobe', ['-v', 'error', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path], {
    maxBuffer: 64 << 20,
  })
  const times = packets.stdout
    .split('\n')
    .map(Number.parseFloat)
    .filter((t) => Number.isFinite(t))
  const decoded = await run(
    'ffmpeg',
    ['-v', 'repeat+error', '-i', path, '-vsync', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-'],
    {
      maxBuffer: 64 << 20,
    },
  )
  // Two frames of an overloaded recorder may have the same time. Only a muxer complains about that.
  const complaints = decoded.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.includes('non monotonically increasing dts to muxer'))
  expect(complaints, path).toEqual([])
  return {
    kinds: streams.map((s) => s.codec_type).sort(),
    seconds: Math.max(...times),
    width: streams.find((s) => s.width)?.width ?? 0,
  }
}
