import { expect, test } from 'vitest'
import { splitBatches } from '../../src/client/batches.ts'

const MIB = 1024 * 1024

test('a batch has 1,000 items at most, and all are there in order', () => {
  const items = Array.from({ length: 2_500 }, (_, i) => i)
  const batches = splitBatches(items)
  expect(batches.map(batch => batch.length)).toEqual([1_000, 1_000, 500])
  expect(batches.flat()).toEqual(items)
})

test('a batch stays under 1 MiB, counted in bytes', () => {
  const items = Array.from({ length: 900 }, () => ({ note: '证'.repeat(600) }))
  const batches = splitBatches(items)
  expect(batches.length).toBe(2)
  for (const registrations of batches) expect(Buffer.byteLength(JSON.stringify({ registrations }))).toBeLessThan(MIB)
})

test('what is too large by itself goes alone, and nothing makes no batch', () => {
  expect(splitBatches(['a', 'x'.repeat(2 * MIB), 'b']).map(batch => batch.length)).toEqual([1, 1, 1])
  expect(splitBatches([])).toEqual([])
})
