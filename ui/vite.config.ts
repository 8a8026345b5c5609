import { defineConfig } from 'vite'
import { resolve } from 'node:path'

// Four pages from one project. Addresses are relative, so that the console works under /admin/, the walk under
// /setup/ and /invite/, and the other two at the root. Names of built files come from their content: equal sources give equal files.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['es2022', 'safari16', 'chrome105', 'firefox110'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        booking: resolve(import.meta.dirname, 'index.html'),
        demo: resolve(import.meta.dirname, 'demo.html'),
        console: resolve(import.meta.dirname, 'console.html'),
        walk: resolve(import.meta.dirname, 'walk.html'),
      },
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
})
