import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Hundreds of tests start a thread or a process of the service: with this its types are stripped once, not each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/idface-notifier', import.meta.url))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Many tests wait for sockets and processes, so two at a time pay even where there are two cores.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default', './test/support/count-reporter.ts'],
  },
})
