import { defineConfig } from 'vitest/config'
import { limits } from './vitest.limits'

// Browser tests with servers and workers as separate processes. The gate runs those in which
// several servers must agree. make soak also runs the rest, which test the same pages.
const gate = ['walk', 'conversation', 'redirect']
const soak = ['road', 'upload', 'samples', 'states', 'pages']
const names = process.env.MEANWHILE_SOAK === 'on' ? [...gate, ...soak] : gate

export default defineConfig({
  test: {
    include: names.map((name) => `e2e/${name}.test.ts`),
    fileParallelism: false,
    ...limits,
  },
})
