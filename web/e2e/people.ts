// The people at the beginning of a test, and a check at its end that their pages had no errors.
import type { Browser, BrowserContext } from 'playwright-core'
import { expect } from 'vitest'
import { setUp } from './browser'
import type { Program } from './program'

export type Person = BrowserContext & { problems: string[] }
export type SignedIn = Awaited<ReturnType<BrowserContext['storageState']>>

/** Makes the first account, and returns its browser's session. */
export async function setUpOwner(program: Program, browser: Browser): Promise<SignedIn> {
  const context = await browser.newContext()
  await setUp(program, await context.newPage())
  const state = await context.storageState()
  await context.close()
  return state
}

/** None of their pages raised an error. */
export async function leave(...people: Person[]): Promise<void> {
  for (const person of people) {
    expect(person.problems).toEqual([])
    await person.close()
  }
}
