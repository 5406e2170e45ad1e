// What a tab waits for: something that is loaded, and something that is done.
import { tick } from 'svelte'
import { type Problem, problemOf, wasCancelled } from '../api/request'

export type Status = { at: 'loading' } | { at: 'shown' } | { at: 'failed'; problem: Problem }

/**
 * Query is something of the server's. What was there stays while it is loaded again, so that
 * nothing jumps.
 */
export class Query<T> {
  status: Status = $state.raw({ at: 'loading' })
  value: T | undefined = $state.raw()

  constructor(
    private readonly fetch: (signal: AbortSignal) => Promise<T>,
    private readonly signal: AbortSignal,
  ) {
    void this.load()
  }

  load = async (): Promise<void> => {
    if (this.status.at === 'failed') this.status = { at: 'loading' }
    const again = this.value !== undefined
    try {
      this.value = await this.fetch(this.signal)
      this.status = { at: 'shown' }
      if (again) await keepFocus()
    } catch (error) {
      if (!wasCancelled(error)) this.status = { at: 'failed', problem: problemOf(error) }
    }
  }
}

/** Act is one thing that is done at a time, and what went wrong the last time. */
export class Mutation {
  working = $state(false)
  problem: Problem | undefined = $state.raw()
  /** What was done the last time, to stand beside its button. */
  done = $state('')

  constructor(
    private readonly announce: (sentence: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  /** run does the work and says what was done. False where it was not. */
  run = async (work: (signal: AbortSignal) => Promise<void>, done: string): Promise<boolean> => {
    if (this.working) return false
    this.working = true
    this.problem = undefined
    this.done = ''
    const began = document.activeElement
    try {
      await work(this.signal)
      this.done = done
      this.announce(done)
      return true
    } catch (error) {
      if (!wasCancelled(error)) this.problem = problemOf(error)
      return false
    } finally {
      this.working = false
      await keepFocus(began)
    }
  }
}

/**
 * keepFocus puts the focus back where it was lost: to what had it, which was disabled for a while,
 * or to the heading where that has gone.
 */
async function keepFocus(before?: Element | null): Promise<void> {
  await tick()
  if (document.activeElement !== document.body) return
  const place =
    before instanceof HTMLElement && before !== document.body
      ? before
      : document.querySelector<HTMLElement>('.panel h2')
  place?.focus({ preventScroll: true })
}
