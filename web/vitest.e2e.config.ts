import { defineConfig } from 'vitest/config'

// Browser tests: bin/meanwhile and a real Chromium. Two cores are all there may be: pages are
// tested two files at once, and then what records or plays in real time one file after another.
const limits = { testTimeout: 180_000, hookTimeout: 120_000, bail: 1 }
const live = ['record*', 'live', 'sound', 'quality', 'first-frame', 'player'].map((name) => `e2e/${name}.test.ts`)
const scaled = 'e2e/redirect.test.ts' // it needs a storage that signs addresses: see vitest.e2e-scaled.config.ts

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...limits,
          name: 'pages',
          include: ['e2e/**/*.test.ts'],
          exclude: [...live, scaled],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: { ...limits, name: 'live', include: live, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
