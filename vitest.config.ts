import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Hundreds of tests start a thread or a process of the service: with this its types are stripped once, not each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/idface-notifier', import.meta.url))

/** The longest of all are small files, which would come last, and be waited for alone. */
const LONGEST = /\/test\/(chaos\/(processes|simulation)|store\/(sqlite|postgres))\.test\.ts$/

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { true: longest = [], false: others = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      LONGEST.test(moduleId) ? 'true' : 'false',
    )
    return [...longest, ...others]
  }
}

/** What takes long and seldom breaks: `npm run test:long`, each night. */
const LONG = ['test/**/*.long.test.ts']

/** Small, many, and with no state outside a test, so that they share a process: loading the code anew for each took half their time. */
const NOUNS = '{accounts,bulk,callbacks,messages,operators,partners,registrations,retention,stats,verifications}'
const SHARING = ['core', `store/${NOUNS}`, 'config', 'operator', 'worker', 'telemetry', 'http'].map(
  folder => `test/${folder}/**/*.test.ts`,
)

/** Of what a service does that runs in the test's own process, and not of the threads of its store. */
const STAGES = [
  'test/client/{client,transport}.test.ts',
  'test/e2e/{delivery,metrics,metrics-format,outage,roles,sandbox,traces,verdicts}.test.ts',
  'test/hostile/{operator,receivers}.test.ts',
  'test/privacy/erasing.test.ts',
  'test/store/{rekey,sqlite}.test.ts',
  'test/webhook/service.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: ['test/support/served-docs.ts', 'test/support/shared-postgres.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'sharing', include: SHARING, exclude: LONG, isolate: false } },
      {
        extends: true,
        test: { name: 'stages', include: STAGES, isolate: false, setupFiles: ['test/support/in-process-threads.ts'] },
      },
      {
        extends: true,
        test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: [...SHARING, ...STAGES, ...LONG] },
      },
      { extends: true, test: { name: 'long', include: LONG } },
    ],
    // Many tests wait for sockets and processes, so three at a time pay even where there are two cores.
    maxWorkers: 3,
    // Only what hangs runs into it: a busy machine takes ten times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/support/count-reporter.ts'],
  },
})
