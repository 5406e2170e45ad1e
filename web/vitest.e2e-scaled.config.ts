import { defineConfig } from 'vitest/config'
import { limits } from './vitest.limits'

// Browser tests on servers and workers that are processes of their own. The gate runs those in
// which several servers have to agree; make soak repeats the rest, which prove the same pages.
const gate = ['road', 'walk', 'conversation', 'redirect']
const soak = ['upload', 'samples', 'states', 'pages']
const names = process.env.MEANWHILE_SOAK === 'on' ? [...gate, ...soak] : gate

export default defineConfig({
  test: {
    include: names.map((name) => `e2e/${name}.test.ts`),
    fileParallelism: false,
    ...limits,
  },
})
