// The network as a page has it: narrow, cut, and back.
import type { Page } from 'playwright-core'

export interface Network {
  /** Lets no more than so many bytes a second out. */
  narrow(bytesPerSecond: number): Promise<void>
  cut(): Promise<void>
  restore(): Promise<void>
}

export async function networkOf(page: Page): Promise<Network> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const set = async (offline: boolean, uploadThroughput: number) => {
    await session.send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput })
  }
  return { narrow: (bytesPerSecond) => set(false, bytesPerSecond), cut: () => set(true, -1), restore: () => set(false, -1) }
}
