// What a tab waits for: data that loads, and actions.
import { tick } from 'svelte'
import { type Problem, problemOf, wasCancelled } from '../api/request'

export type Status = { at: 'loading' } | { at: 'shown' } | { at: 'failed'; problem: Problem }

/** Query is data from the server. The old data stays while it reloads, so that nothing jumps. */
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

/** Mutation runs one action at a time, and keeps the last error. */
export class Mutation {
  working = $state(false)
  problem: Problem | undefined = $state.raw()
  /** The last action, to show beside its button. */
  done = $state('')

  constructor(
    private readonly announce: (sentence: string) => void,
    private readonly signal: AbortSignal,
  ) {}

  /** run does the work and announces it. False if it failed. */
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
 * keepFocus restores a lost focus: to the element that had it and was disabled for a while, or to
 * the heading if that element is gone.
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
