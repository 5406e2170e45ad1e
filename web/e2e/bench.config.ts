import { defineConfig } from 'vitest/config'

// The browser measurements of make bench. They are not part of the tests.
// biome-ignore lint/style/noDefaultExport: vitest reads a configuration from there
export default defineConfig({
  test: { include: ['e2e/bench.ts', 'e2e/bench-recorder.ts'], testTimeout: 600_000, hookTimeout: 120_000 },
})
