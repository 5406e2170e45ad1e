import { defineConfig } from 'vitest/config'

// Browser tests: bin/meanwhile and a real Chromium, one file after another, because two cores are
// all there may be.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    // it needs a storage that signs addresses: see vitest.e2e-scaled.config.ts
    exclude: ['e2e/redirect.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    bail: 1,
  },
})
