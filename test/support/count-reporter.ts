import type { Reporter, TestCase, TestModule } from 'vitest/node'

const countBy = (tests: readonly TestCase[], state: string): number =>
  tests.filter(test => test.result().state === state).length

const describeSkip = (test: TestCase): string => {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return `skipped: ${test.fullName}: ${note ?? `no reason given (${test.options.mode})`}`
}

/** Ends the run with what was not run, and why, and one line that a machine can read. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const skipped = tests.filter(test => ['skipped', 'pending'].includes(test.result().state))
    // A file that could not be loaded, a failing hook or an error outside all tests must not look like a good run.
    const suites = modules.flatMap(module => [module, ...module.children.allSuites()])
    const broken = suites.filter(suite => suite.errors().length > 0).length + unhandledErrors.length
    const failed = countBy(tests, 'failed') + broken
    const lines = skipped.map(describeSkip)
    lines.push(`${countBy(tests, 'passed')} passed, ${failed} failed, ${skipped.length} skipped`)
    // The errors go to stderr, and where both are one pipe a long report of them would arrive after this line.
    await new Promise(resolve => process.stderr.write('', resolve))
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }
}
