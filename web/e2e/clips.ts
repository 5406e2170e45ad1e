// Clips for the tests, made with ffmpeg's own sources. A clip with the same arguments is made once
// on a machine and then comes from the user's cache folder.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Makes a clip of 1080 lines that needs about 7 Mb/s, like a camera in a dim room. */
export function noisyClip(path: string, seconds: number): Promise<string> {
  return clip(path, seconds, heavyPicture(60), 'size=1920x1080:rate=30', ',noise=alls=18:allf=t')
}

/**
 * Encodes about 7 Mb/s of H.264 with AAC. group is the number of frames from one key frame to the
 * next.
 */
export function heavyPicture(group: number): string[] {
  const rate = ['-b:v', '7M', '-maxrate', '7M', '-bufsize', '7M']
  return ['-c:v', 'libx264', '-preset', 'ultrafast', ...rate, '-g', `${group}`, '-pix_fmt', 'yuv420p', '-c:a', 'aac']
}

/** Makes a clip with ffmpeg's own sources. */
export async function clip(
  path: string,
  seconds: number,
  args: string[],
  picture = 'size=1280x720:rate=30',
  filters = '',
): Promise<string> {
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=${picture}:duration=${seconds}${filters}`,
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:sample_rate=48000:duration=${seconds}`,
  ]
  const kept = await keptAs(extname(path), [...inputs, ...args])
  if (!existsSync(kept)) await encode(kept, [...inputs, ...args])
  await copyFile(kept, path)
  return path
}

/** Makes the cached file. If two processes make the same file, the later one replaces the first. */
async function encode(kept: string, args: string[]): Promise<void> {
  const folder = await mkdtemp(join(kept, '../making-'))
  const made = join(folder, basename(kept))
  await run('ffmpeg', ['-v', 'error', '-nostdin', ...args, made])
  await rename(made, kept)
  await rm(folder, { recursive: true })
}

/** The cache path, which depends on the arguments and on this version of ffmpeg. */
async function keptAs(extension: string, args: string[]): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meanwhile', 'clips')
  await mkdir(folder, { recursive: true })
  const { stdout } = await run('ffmpeg', ['-version'])
  const key = JSON.stringify([stdout.split('\n')[0], extension, ...args])
  return join(folder, `browser-${createHash('sha256').update(key).digest('hex')}${extension}`)
}
