import { expect, test } from 'vitest'
import { createHistogram, quantileOf } from '../../src/core/histogram.ts'

const of = (values: readonly number[]) => {
  const histogram = createHistogram([10, 20, 50])
  for (const value of values) histogram.observe(value)
  return histogram.read()
}

test('counts a value at the first bound that it does not exceed', () => {
  expect(of([0, 10, 11, 20, 50, 51])).toEqual({ bounds: [10, 20, 50], counts: [2, 2, 1, 1], sum: 142 })
})

test('what was read does not change any more', () => {
  const histogram = createHistogram([1])
  const before = histogram.read()
  histogram.observe(1)
  expect(before.counts).toEqual([0, 0])
})

test('estimates a quantile within its bucket, and the last bound for what is beyond', () => {
  const bounds = [10, 20, 50]
  expect(quantileOf(0.5, { bounds, counts: [0, 4, 0, 0] })).toBe(15)
  expect(quantileOf(0.75, { bounds, counts: [2, 0, 2, 0] })).toBe(35)
  expect(quantileOf(0.95, { bounds, counts: [1, 0, 0, 9] })).toBe(50)
  expect(quantileOf(0.5, { bounds, counts: [0, 0, 0, 0] })).toBeNull()
})
