import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Hundreds of tests start a thread or a process of the service: with this its types are stripped once, not each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/idface-notifier', import.meta.url))

/** The longest of all are small files, which would come last, and be waited for alone. */
const LONGEST = /\/test\/(chaos\/simulation|store\/(sqlite|postgres))\.test\.ts$/

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

/** Files one after the other in one process, with Node's own imports: loading the code anew for each took half their time. */
const SHARING = { isolate: false, experimental: { viteModuleRunner: false } }

/** Those that cannot. */
const ALONE = [
  // `vi.mock` is for vitest's own imports.
  'test/store/sqlite/{backups,thread/remote-store}.test.ts',
  // Turns of simulated nodes replace methods of `pg` for good.
  'test/chaos/**/*.test.ts',
]

/** Of what a service does that runs in the test's own process, and not of the threads of its store. */
const STAGES = [
  'test/app/open-app.test.ts',
  'test/cli/doctor/live.test.ts',
  'test/client/{client,transport}.test.ts',
  'test/e2e/{cli-registrations,contact,damage,delivery,history,lost-hints,metrics,metrics-format,outage,roles,sandbox,traces,verdicts}.test.ts',
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
      {
        extends: true,
        test: { ...SHARING, name: 'sharing', include: ['test/**/*.test.ts'], exclude: [...STAGES, ...ALONE, ...LONG] },
      },
      {
        extends: true,
        test: { ...SHARING, name: 'stages', include: STAGES, setupFiles: ['test/support/in-process-threads.ts'] },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: LONG } },
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
