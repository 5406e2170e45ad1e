// A page's network: slow, cut, and restored.
import type { Page } from 'playwright-core'

export interface Network {
  /** Lets at most so many bytes a second out. */
  narrow(bytesPerSecond: number): Promise<void>
  /** A download speed of so many megabits a second, with the latency of such a connection. */
  link(megabits: number, latencyMs: number): Promise<void>
  cut(): Promise<void>
  restore(): Promise<void>
}

export async function networkOf(page: Page): Promise<Network> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const set = async (offline: boolean, uploadThroughput: number, downloadThroughput = -1, latency = 0) => {
    await session.send('Network.emulateNetworkConditions', { offline, latency, downloadThroughput, uploadThroughput })
  }
  return {
    link: (megabits, latencyMs) => set(false, -1, (megabits * 1e6) / 8, latencyMs),
    narrow: (bytesPerSecond) => set(false, bytesPerSecond),
    cut: () => set(true, -1),
    restore: () => set(false, -1),
  }
}
