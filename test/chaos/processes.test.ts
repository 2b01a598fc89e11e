import { expect, test } from 'vitest'
import { runProcesses } from './processes/run.ts'

const FAULTS = 20

test(`a process that is killed, and whose disk fails, ${FAULTS} times breaks no promise`, { timeout: 0 }, async () => {
  const { findings, seen } = await runProcesses({ engine: 'sqlite', seed: 1 }, faults => faults >= FAULTS)
  expect(findings).toEqual([])
  expect(seen.registering.length).toBeGreaterThan(100)
})
