import { expect, test } from 'vitest'
import { runProcesses } from './processes/run.ts'

const FAULTS = 20

test(`a process that is killed, and whose disk fails, ${FAULTS} times breaks no promise`, { timeout: 0 }, async () => {
  const { findings, inconsistencies, counts } = await runProcesses({ engine: 'sqlite', seed: 1, faults: FAULTS })
  expect([...findings, ...inconsistencies]).toEqual([])
  expect(counts.acknowledged).toBeGreaterThan(100)
})
