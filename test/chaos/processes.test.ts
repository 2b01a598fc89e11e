import { expect, test } from 'vitest'
import { runProcesses } from './processes/run.ts'
import { isKept, redProcesses, resultOf } from './report.ts'

const FAULTS = 20

test(`a process that is killed, and whose disk fails, ${FAULTS} times breaks no promise`, { timeout: 0 }, async () => {
  const run = await runProcesses({ engine: 'sqlite', seed: 1, faults: FAULTS })
  const result = resultOf([run], { coverage: [run.coverage] })
  if (!isKept(result))
    throw new Error(`${result}\n${redProcesses(run, `npm run chaos -- --faults ${FAULTS} --seed 1`)}`)
  expect(run.counts.acknowledged).toBeGreaterThan(100)
})
