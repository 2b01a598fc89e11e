import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

const countBy = (tests: readonly TestCase[], state: string): number =>
  tests.filter(test => test.result().state === state).length

const describeSkip = (test: TestCase): string => {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return `skipped: ${test.fullName}: ${note ?? `no reason given (${test.options.mode})`}`
}

/** Tests that wait for ever: the process that ran their file has ended. */
const describeUnrun = (module: TestModule): string[] => {
  const unrun = [...module.children.allTests('pending')]
  return unrun.length === 0
    ? []
    : [`not run: ${unrun.length} tests of ${module.relativeModuleId}, from: ${unrun[0]?.fullName}`]
}

const describeError = (error: unknown): string => {
  const { message, cause } = error as Error
  return `error: ${message}${cause === undefined ? '' : ` (${(cause as Error).message})`}`
}

/** Ends the run with the tests that were not run, and why, and one machine-readable line. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountReporter implements Reporter {
  /** With `-t` most tests are left out on purpose, and a name that no test has must not look like a good run. */
  #isPart = false

  onInit(vitest: Vitest): void {
    this.#isPart = vitest.config.testNamePattern !== undefined
  }

  async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    // A file that could not be loaded, a failing hook or an error outside all tests must not look like a good run.
    const suites = modules.flatMap(module => [module, ...module.children.allSuites()])
    const broken = suites.filter(suite => suite.errors().length > 0).length + unhandledErrors.length
    const failed = countBy(tests, 'failed') + broken
    const hasRun = failed > 0 || countBy(tests, 'passed') > 0
    if (this.#isPart && !hasRun) process.exitCode = 1
    const skipped = countBy(tests, 'skipped') + countBy(tests, 'pending')
    const lines = [
      ...(this.#isPart ? [] : tests.filter(test => test.result().state === 'skipped').map(describeSkip)),
      ...modules.flatMap(describeUnrun),
      ...unhandledErrors.map(describeError),
      ...(this.#isPart && !hasRun ? ['no test has that name'] : []),
      `${countBy(tests, 'passed')} passed, ${failed} failed, ${skipped} skipped`,
    ]
    // The errors go to stderr, and where both are one pipe a long report of them would arrive after this line.
    await new Promise(resolve => process.stderr.write('', resolve))
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }
}
