import { defineConfig } from 'vitest/config'

// Browser tests: bin/meanwhile and a real Chromium, one file after another, because two cores are all there may be.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    bail: 1,
  },
})
