// Starts bin/meanwhile on a free port with its own data folder, and reads its address from the
// output. Either everything is in one process, or with MEANWHILE_E2E_MODE=scaled there are two
// servers behind a proxy and two workers.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { clip } from './clips'
import { RoundRobin } from './round-robin'
import { newServices, type Services } from './services'

const run = promisify(execFile)
const binary = new URL('../../bin/meanwhile', import.meta.url).pathname
export const outFolder = new URL('./out/', import.meta.url).pathname

export const owner = { workspace: 'Team', name: 'Ada', email: 'ada@example.com', password: 'a long password' }

/** What a process does: everything, or one part of a scaled site. */
type Role = 'serve' | 'server' | 'worker'

export class Program {
  base = ''
  setUpLink = ''
  log = ''
  #children: ChildProcess[] = []
  #proxy: RoundRobin | undefined
  readonly #env: NodeJS.ProcessEnv

  private constructor(
    readonly data: string,
    env: Record<string, string>,
    readonly services: Services | undefined,
  ) {
    this.#env = {
      ...process.env,
      MEANWHILE_DATA: data,
      MEANWHILE_LISTEN: '127.0.0.1:0',
      MEANWHILE_ADMIN_LISTEN: '',
      XDG_CACHE_HOME: join(data, 'cache'),
      ...services?.env,
      ...env,
    }
  }

  static async start(env: Record<string, string> = {}): Promise<Program> {
    const services = process.env.MEANWHILE_E2E_MODE === 'scaled' ? await newServices() : undefined
    const program = new Program(await mkdtemp(join(tmpdir(), 'meanwhile-e2e-')), env, services)
    await program.run()
    return program
  }

  /** Runs again on the same data, on another port or on that of listen. */
  async run(listen = '127.0.0.1:0'): Promise<void> {
    if (this.services === undefined) {
      this.base = await this.#serve('serve', listen)
      return
    }
    const first = await this.#serve('server') // it brings the schema up
    const second = await this.#serve('server')
    for (const _ of [1, 2]) await this.#work()
    this.#proxy = new RoundRobin([new URL(first), new URL(second)])
    this.base = `http://localhost:${await this.#proxy.listen(Number(new URL(`http://${listen}`).port))}`
    if (this.setUpLink) this.setUpLink = new URL(new URL(this.setUpLink).pathname, this.base).href
  }

  /** Starts a process that listens, and returns its address. */
  async #serve(role: Role, listen = '127.0.0.1:0'): Promise<string> {
    let base = ''
    for await (const line of createInterface({ input: this.#spawn(role, listen).stdout })) {
      base = /^Meanwhile is at (\S+)$/.exec(line)?.[1] ?? base
      this.setUpLink = /^Make the first account here: (\S+)$/.exec(line)?.[1] ?? this.setUpLink
      if (line === 'Press Ctrl-C to stop.') return base
    }
    throw new Error(`the program ended before it listened:\n${this.log}`)
  }

  /** Starts a worker and waits until it has found its tools. */
  async #work(): Promise<void> {
    const { stderr } = this.#spawn('worker')
    for await (const line of createInterface({ input: stderr })) {
      if (!line.includes('media tools found')) continue
      stderr.resume() // the loop has paused it at its end
      return
    }
    throw new Error(`a worker ended before it worked:\n${this.log}`)
  }

  #spawn(role: Role, listen = '127.0.0.1:0') {
    const child = spawn(binary, [role], {
      env: { ...this.#env, MEANWHILE_LISTEN: listen },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    child.stderr.on('data', (text: Buffer) => {
      this.log += text.toString()
    })
    return child
  }

  /** Kills every process at once, like a power cut. */
  async kill(): Promise<void> {
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null)
    this.#children = []
    const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(ended)
    await this.#proxy?.close()
    this.#proxy = undefined
  }

  async close(): Promise<void> {
    await this.kill()
    await this.services?.remove()
    await rm(this.data, { recursive: true, force: true })
  }

  /** Runs a command beside the process and returns its output. */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await run(binary, args, { env: this.#env, maxBuffer: 16 << 20 })
    return stdout.trim()
  }

  /**
   * Uploads files on the command line, waits until they are ready, and returns their watch links.
   */
  async push(files: string[]): Promise<string[]> {
    const token = await this.command('token', 'add', '--email', owner.email)
    const printed = await this.command('push', '--wait', '--url', this.base, '--token', token, ...files)
    return printed.split('\n')
  }
}

/**
 * The real recordings beside the project or in MEANWHILE_SAMPLES; else clips of the same kinds,
 * made on the spot.
 */
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
    await clip(join(made, 'vp8.webm'), 6, [
      '-c:v',
      'libvpx',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
      '-c:a',
      'libopus',
    ]),
  ]
}
