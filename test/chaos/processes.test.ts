import { expect, test } from 'vitest'
import { runProcesses } from './processes/run.ts'
import { isKept, redProcesses, resultOf } from './report.ts'

const FAULTS = 8

test(`${FAULTS} faults of a real process break no promise`, { timeout: 0 }, async () => {
  const run = await runProcesses({ engine: 'sqlite', seed: 1, faults: FAULTS })
  const result = resultOf([run], { coverage: [run.coverage] })
  if (!isKept(result))
    throw new Error(`${result}\n${redProcesses(run, `npm run chaos -- --faults ${FAULTS} --seed 1`)}`)
  expect(run.counts.acknowledged).toBeGreaterThan(100)
})
