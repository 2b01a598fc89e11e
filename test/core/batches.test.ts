import { expect, test } from 'vitest'
import { runBatches } from '../../src/core/batches.ts'

const batches = (counts: number[]) => async () => ({ count: counts.shift() ?? 0, hasMore: counts.length > 0 })

test('does all there is, in batches, until one says that there is no more', async () => {
  const counts = [10, 0, 5]
  expect(await runBatches(batches(counts))).toBe(15)
  expect(counts).toEqual([])
})

test('begins no batch once it is stopped', async () => {
  const counts = [10, 10]
  expect(await runBatches(batches(counts), () => counts.length === 1)).toBe(10)
})
