import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The server finds each page's files in dist/manifest.json, so every entry is named by its source
// path.
export default defineConfig({
  base: '/assets/',
  plugins: [svelte()],
  worker: { format: 'es' }, // the one that encodes loads a part of itself only where it is needed
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: '',
    target: 'es2022',
    // Keep light-dark() (all browsers since May 2024): its replacement cannot follow a nested
    // color-scheme, like the player's.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        'src/watch/preload-video.ts',
        'src/watch/first.ts',
        'src/watch/main.ts',
        'src/watch/embed.ts',
        'src/library/main.ts',
        'src/record/main.ts',
        'src/record/record.css',
        'src/record/recover.ts',
        'src/ui/form.ts',
        'src/ui/base.css',
        'src/ui/fonts.css',
        'src/watch/watch.css',
        'src/watch/embed.css',
        'src/library/library.css',
        'src/settings/main.ts',
        'src/settings/settings.css',
        'src/setup/main.ts',
        'src/setup/setup.css',
        'src/signin/login.ts',
      ],
    },
  },
})
