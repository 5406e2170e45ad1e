import { defineConfig } from 'vitest/config'
import { limits } from './vitest.limits'

// Browser tests: bin/meanwhile and a real Chromium. There may be only two cores. So page tests run
// two files at once, and after them the tests that play or record in real time run one file after
// another. `npm run e2e -- --project=pages` runs one group.
const named = (...names: string[]) => names.map((name) => `e2e/${name}.test.ts`)
const player = named('player', 'quality', 'first-frame', 'sound')
const recorder = named('record*', 'live', 'tabs')
// Pages as well. The lane of make test that is free first runs them, a group at a time.
const spare = { settings: named('settings'), links: named('links'), accounts: named('setup', 'passkey', 'trash') }
// The Go tests make the same ladders and look into every file; these play them as well.
const soak = process.env.MEANWHILE_SOAK === 'on' ? [] : named('samples')
const scaled = named('redirect') // it needs a storage that signs addresses: see vitest.e2e-scaled.config.ts

const group = (name: string, groupOrder: number, include: string[], exclude: string[], maxWorkers: number) => ({
  test: { ...limits, name, include, exclude, maxWorkers, sequence: { groupOrder } },
})

export default defineConfig({
  test: {
    projects: [
      group('pages', 0, named('**/*'), [...player, ...recorder, ...Object.values(spare).flat(), ...soak, ...scaled], 2),
      group('player', 1, player, [], 1),
      group('recorder', 2, recorder, [], 1),
      ...Object.entries(spare).map(([name, files]) => group(name, 3, files, [], 2)),
    ],
  },
})
