// Starts bin/meanwhile on a free port with a data folder of its own, and reads from its output where it is.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const binary = new URL('../../bin/meanwhile', import.meta.url).pathname
export const outFolder = new URL('./out/', import.meta.url).pathname

export const owner = { workspace: 'Team', name: 'Ada', email: 'ada@example.com', password: 'a long password' }

export class Program {
  base = ''
  setUpLink = ''
  log = ''
  #child: ChildProcess | undefined
  readonly #env: NodeJS.ProcessEnv

  private constructor(
    readonly data: string,
    env: Record<string, string>,
  ) {
    this.#env = {
      ...process.env,
      MEANWHILE_DATA: data,
      MEANWHILE_LISTEN: '127.0.0.1:0',
      MEANWHILE_ADMIN_LISTEN: '',
      XDG_CACHE_HOME: join(data, 'cache'),
      ...env,
    }
  }

  static async start(env: Record<string, string> = {}): Promise<Program> {
    const program = new Program(await mkdtemp(join(tmpdir(), 'meanwhile-e2e-')), env)
    await program.run()
    return program
  }

  /** Runs the process again on the same data, on another port. */
  async run(listen = '127.0.0.1:0'): Promise<void> {
    const child = spawn(binary, [], { env: { ...this.#env, MEANWHILE_LISTEN: listen }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stderr.on('data', (text: Buffer) => {
      this.log += text.toString()
    })
    for await (const line of createInterface({ input: child.stdout })) {
      this.base = /^Meanwhile is at (\S+)$/.exec(line)?.[1] ?? this.base
      this.setUpLink = /^Make the first account here: (\S+)$/.exec(line)?.[1] ?? this.setUpLink
      if (line === 'Press Ctrl-C to stop.') return
    }
    throw new Error(`the program ended before it listened:\n${this.log}`)
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.data, { recursive: true, force: true })
  }

  /** Runs a command beside the process and gives what it printed. */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await run(binary, args, { env: this.#env, maxBuffer: 16 << 20 })
    return stdout.trim()
  }

  /** Uploads files on the command line and waits until they are ready: their watch links. */
  async push(files: string[]): Promise<string[]> {
    const token = await this.command('token', 'add', '--email', owner.email)
    const printed = await this.command('push', '--wait', '--url', this.base, '--token', token, ...files)
    return printed.split('\n')
  }
}

/** The real recordings beside the project or in MEANWHILE_SAMPLES; elsewhere clips of the same kinds, made on the spot. */
export async function samples(): Promise<string[]> {
  const folder = process.env.MEANWHILE_SAMPLES ?? new URL('../../../shared/samples/', import.meta.url).pathname
  if (existsSync(folder)) {
    const names = (await readdir(folder)).filter((name) => /\.(mp4|webm)$/.test(name))
    if (names.length > 0) return names.sort().map((name) => join(folder, name))
  }
  const made = await mkdtemp(join(tmpdir(), 'meanwhile-clips-'))
  const video = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '60']
  return [
    await clip(join(made, 'h264-aac.mp4'), 6, [...video, '-c:a', 'aac']),
    await clip(join(made, 'h264-opus.mp4'), 6, [...video, '-c:a', 'libopus', '-movflags', 'frag_keyframe+empty_moov']),
    await clip(join(made, 'vp8.webm'), 6, ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus']),
  ]
}

/** Makes a clip with ffmpeg's own sources. */
export async function clip(path: string, seconds: number, args: string[]): Promise<string> {
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=1280x720:rate=30:duration=${seconds}`,
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:sample_rate=48000:duration=${seconds}`,
  ]
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...inputs, ...args, path])
  return path
}
