import { defineConfig, mergeConfig } from 'vitest/config'
import one from './vitest.e2e.config.ts'

// The same tests on servers and workers that are processes of their own: those on which it can make
// a difference.
export default mergeConfig(
  defineConfig({ test: { ...one.test, include: [], exclude: [] } }),
  defineConfig({
    test: {
      include: ['road', 'upload', 'conversation', 'samples', 'states', 'pages', 'walk', 'redirect'].map(
        (name) => `e2e/${name}.test.ts`,
      ),
    },
  }),
)
