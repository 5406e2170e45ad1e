// The order of things in a recording, with what touches devices in fakes. The real parts are proved
// in e2e/record*.test.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Capabilities } from './capabilities'
import type { Progress } from './chunk-uploader'
import type { InputEvents } from './inputs.svelte'
import { Recorder } from './recorder.svelte'
import type { WorkerEvent, WorkerRequest } from './recording-worker'
import type { TakeEvents } from './take'

const { devices } = vi.hoisted(() => ({
  devices: {
    sent: [] as unknown[],
    done: [] as string[],
    onEvent: (_: unknown) => {},
    inputs: undefined as unknown,
    take: undefined as unknown,
    opens: true,
    records: true,
    frames: (): unknown => null,
  },
}))

vi.mock('./worker-client', () => ({
  WorkerClient: class {
    constructor(onEvent: (event: unknown) => void) {
      devices.onEvent = onEvent
    }
    send(message: unknown): void {
      devices.sent.push(message)
    }
    close(): void {}
  },
}))

vi.mock('./inputs.svelte', () => ({
  Inputs: class {
    wantsScreen = true
    isSharing = true
    picture = {}
    constructor(_sources: unknown, _warnings: unknown, events: unknown) {
      devices.inputs = events
    }
    share = async (): Promise<boolean> => true
    open = async (): Promise<boolean> => devices.opens
    prepare = async (): Promise<void> => {}
    unshare = (): void => void devices.done.push('unshare')
    release = (): void => void devices.done.push('release')
    updateLevel(): void {}
  },
}))

vi.mock('./take', () => ({
  Take: class {
    id = `take ${devices.sent.length}`
    tracks = ['screen']
    constructor(events: unknown) {
      devices.take = events
    }
    start(): void {
      if (!devices.records) throw new Error('not here')
    }
    use = (): void => void devices.done.push('use')
    pause = (): void => void devices.done.push('pause')
    resume = (): void => void devices.done.push('resume')
    stop = async (track?: string): Promise<void> => void devices.done.push(track ? `stop ${track}` : 'stop')
    frames = (): unknown => devices.frames()
    heartbeat = (state: string): unknown => ({ state })
  },
}))

const can: Capabilities = {
  nothing: null,
  sources: ['both'],
  format: { tier: 'B', both: 'video/mp4', picture: 'video/mp4', sound: 'audio/mp4' },
  hasFloat: false,
  canShareAgain: true,
  notes: [],
}

let said: string[]
let recorder: Recorder

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('navigator', { storage: {}, clipboard: {} })
  Object.assign(devices, { sent: [], done: [], opens: true, records: true, frames: () => null })
  said = []
  recorder = new Recorder('ada', can, (sentence) => said.push(sentence))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const inputs = (): InputEvents => devices.inputs as InputEvents
const take = (): TakeEvents => devices.take as TakeEvents
const commands = (): string[] => (devices.sent as WorkerRequest[]).map(({ command }) => command)
const at = (): string => recorder.recording.phase.at

const takeId = (): string =>
  (devices.sent as WorkerRequest[]).flatMap((m) => (m.command === 'begin' ? m.meta.id : [])).at(-1) ?? ''

async function begin(): Promise<void> {
  await recorder.record()
  await vi.advanceTimersByTimeAsync(3000)
}

function tell(event: WorkerEvent): void {
  devices.onEvent(event)
}

function progress(sealed: boolean): Progress {
  const link = { videoId: 'v1', watchUrl: 'https://here.example/v/w1' }
  const upload = { takenMs: 4000, safeMs: 4000, waitingMs: 0, waitingBytes: 0 }
  return { ...link, ...upload, problem: { at: 'none' }, sealed }
}

describe('the recorder', () => {
  test('counts down, records, and hands over what was recorded', async () => {
    await recorder.record()
    expect(at()).toBe('countdown')
    await vi.advanceTimersByTimeAsync(3000)
    expect(at()).toBe('recording')
    take().onChunk('screen', new Blob(['x']), 1500, 'video/mp4')
    await recorder.stop()
    expect(commands()).toEqual(['begin', 'chunk', 'finish'])
    expect(devices.done).toEqual(['stop', 'release'])
    expect(at()).toBe('uploading')
    const begun = devices.sent[0] as Extract<WorkerRequest, { command: 'begin' }>
    tell({ event: 'progress', id: begun.meta.id, progress: progress(true) })
    expect(at()).toBe('done')
    expect(said).toEqual(['Recording.', 'Stopped.', 'Everything is on the server.'])
    expect(recorder.link).toBe('https://here.example/v/w1')
  })

  test('tells the server of pauses', async () => {
    await begin()
    recorder.pause()
    recorder.pause()
    recorder.resume()
    const beats = (devices.sent as WorkerRequest[]).flatMap((m) => (m.command === 'heartbeat' ? m.heartbeat.state : []))
    expect(beats).toEqual(['paused', 'recording'])
    expect(devices.done).toEqual(['pause', 'resume'])
  })

  test('waits ten seconds after sharing ended, then finishes by itself', async () => {
    await begin()
    inputs().onShareEnded()
    expect(at()).toBe('interrupted')
    await vi.advanceTimersByTimeAsync(9000)
    expect(at()).toBe('interrupted')
    await vi.advanceTimersByTimeAsync(1000)
    expect(at()).toBe('uploading')
    expect(commands().at(-1)).toBe('finish')
  })

  test('goes on with another screen', async () => {
    await begin()
    inputs().onShareEnded()
    await recorder.shareAgain()
    expect(at()).toBe('recording')
    expect(devices.done).toEqual(['pause', 'use', 'resume'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(at(), 'a minute later').toBe('recording')
  })

  test('finishes with what is there when a recorder ends by itself, but not for a camera', async () => {
    await begin()
    take().onLost('camera')
    expect(at()).toBe('recording')
    take().onLost('screen')
    await vi.advanceTimersByTimeAsync(0)
    expect(at()).toBe('uploading')
    expect(said.at(-1)).toMatch(/^Your browser ended this recording/)
  })

  test('says why it cannot begin, and leaves nothing behind', async () => {
    devices.records = false
    await begin()
    expect(at()).toBe('failed')
    expect(commands()).toEqual(['begin', 'cancel'])
    expect(said).toEqual(['This browser could not start recording. Try again, or choose another source.'])
  })

  test('does not begin where a device was refused', async () => {
    devices.opens = false
    await recorder.record()
    expect(devices.done).toEqual(['unshare'])
    expect(commands()).toEqual([])
  })

  test('says when chunks are late, and tells to stop only if no frames come; chunks end both', async () => {
    vi.stubGlobal('addEventListener', () => {})
    const away = recorder.listen()
    await begin()
    const quiet = (): string | undefined => recorder.warnings.all.get('quiet')
    let count = 0
    const counted = () => ({ count: ++count, atMs: performance.now() })
    const still = () => ({ count, atMs: performance.now() })
    const words = { late: /late. Everything before them is kept/, stopped: /begin another one/ }
    for (const [frames, want] of [
      [counted, words.late],
      [() => null, words.late],
      [still, words.stopped],
    ] as const) {
      devices.frames = frames
      await vi.advanceTimersByTimeAsync(7500)
      expect(quiet()).toBeUndefined()
      await vi.advanceTimersByTimeAsync(30_000)
      expect(quiet()).toMatch(want)
      take().onChunk('screen', new Blob(['x']), 1500, 'video/mp4')
      await vi.advanceTimersByTimeAsync(100)
      expect(quiet()).toBeUndefined()
    }
    await vi.advanceTimersByTimeAsync(30_000)
    recorder.pause()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(quiet(), 'in a pause').toBeUndefined()
    away()
  })

  test('a discarded take can be brought back as a finished one', async () => {
    await begin()
    const id = takeId()
    await vi.advanceTimersByTimeAsync(4000)
    await recorder.drop()
    expect(commands()).toEqual(['begin', 'cancel'])
    tell({ event: 'discarded', id, where: 'leaving', progress: progress(true) })
    tell({ event: 'discarded', id, where: 'trash', progress: progress(true) })
    expect(recorder.discarded?.where).toBe('trash')
    recorder.undo()
    expect(commands()).toEqual(['begin', 'cancel', 'restore'])
    expect(at()).toBe('uploading')
    expect(recorder.elapsedMs).toBe(4000)
    expect(recorder.discarded).toBeNull()
    tell({ event: 'progress', id, progress: progress(true) })
    expect(at()).toBe('done')
    expect(recorder.link).toBe('https://here.example/v/w1')
    expect(said).toEqual([
      'Recording.',
      'Discarded.',
      'In the trash; of short takes the last three stay.',
      'Undone.',
      'Everything is on the server.',
    ])
  })

  test('after a start over, the first take comes back out of the countdown, but disturbs no recording', async () => {
    await begin()
    const id = takeId()
    await recorder.restart()
    tell({ event: 'discarded', id, where: 'trash', progress: progress(true) })
    expect(at()).toBe('countdown')
    recorder.undo()
    expect(at()).toBe('uploading')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(commands().at(-1)).toBe('restore')
    tell({ event: 'progress', id, progress: progress(true) })

    recorder.another()
    await begin()
    const second = takeId()
    await recorder.restart()
    tell({ event: 'discarded', id: second, where: 'trash', progress: progress(true) })
    await vi.advanceTimersByTimeAsync(3000)
    recorder.undo()
    expect(at()).toBe('recording')
    expect(recorder.discarded?.where, 'what the bar says meanwhile').toBe('trash')
    await recorder.stop()
    tell({ event: 'discarded', id: second, where: 'trash', progress: progress(true) })
    expect(recorder.discarded).toBeNull()
  })

  test('what is only on this device can be brought back until the page goes, or another one is discarded', async () => {
    await begin()
    const id = takeId()
    await recorder.restart()
    tell({ event: 'discarded', id, where: 'device', progress: progress(true) })
    await vi.advanceTimersByTimeAsync(3000)
    const second = takeId()
    await recorder.stop()
    tell({ event: 'progress', id: second, progress: progress(true) })
    expect(recorder.discarded?.where).toBe('device')
    recorder.undo()
    expect(devices.sent.at(-1)).toEqual({ command: 'restore', id })

    recorder.another()
    await begin()
    const third = takeId()
    await recorder.drop()
    tell({ event: 'discarded', id: third, where: 'device', progress: progress(true) })
    tell({ event: 'over', id: third, how: 'cancelled' })
    expect(recorder.discarded).toBeNull()
  })

  test('throws a take away, and hears no more of it', async () => {
    await begin()
    const begun = devices.sent[0] as Extract<WorkerRequest, { command: 'begin' }>
    await recorder.drop()
    expect(commands()).toEqual(['begin', 'cancel'])
    expect(at()).toBe('idle')
    tell({ event: 'progress', id: begun.meta.id, progress: progress(true) })
    expect(recorder.link).toBeNull()
  })

  test('warns once where chunks are kept in memory alone', async () => {
    await begin()
    const begun = devices.sent[0] as Extract<WorkerRequest, { command: 'begin' }>
    tell({ event: 'keeping', id: begun.meta.id, keeping: 'disk' })
    expect(recorder.warnings.all.size).toBe(0)
    tell({ event: 'keeping', id: begun.meta.id, keeping: 'memory' })
    expect([...recorder.warnings.all.keys()]).toEqual(['disk'])
  })
})
