import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Hundreds of tests start a thread or a process of the service: with this its types are stripped once, not each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/idface-notifier', import.meta.url))

/** The longest of all are small files, which would come last, and be waited for alone. */
const LONGEST = /\/test\/store\/(sqlite|postgres)\.test\.ts$/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { true: longest = [], false: others = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      LONGEST.test(moduleId) ? 'true' : 'false',
    )
    return [...longest, ...others]
  }
}

/** Small, many, and with no state outside a test, so that they share a process: loading the code anew for each took half their time. */
const SHARING = ['core', 'store/rules', 'config', 'operator', 'worker', 'telemetry', 'http'].map(
  folder => `test/${folder}/**/*.test.ts`,
)

/** Of what a service does that runs in the test's own process, not of its threads. */
const STAGES = [
  ...['account-faults', 'account-pause', 'bulk-acts', 'callback-notice', 'delivery', 'delivery-control', 'not-found'],
  ...['registering', 'sandbox', 'upstream-faults', 'verdicts'],
].map(name => `test/e2e/${name}.test.ts`)

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'sharing', include: SHARING, isolate: false } },
      {
        extends: true,
        test: { name: 'stages', include: STAGES, setupFiles: ['test/support/in-process-threads.ts'] },
      },
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: [...SHARING, ...STAGES] } },
    ],
    // Many tests wait for sockets and processes, so two at a time pay even where there are two cores.
    maxWorkers: 2,
    // Only what hangs runs into it: a busy machine takes ten times as long as a quiet one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/count-reporter.ts'],
  },
})
