import { expect, test } from 'vitest'
import { createHistogram, quantile } from '../../src/core/histogram.ts'

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

test('a quantile lies between the bounds of the value that it is', () => {
  expect(quantile(of([]), 0.5)).toBeNull()
  expect(quantile(of([15, 15]), 0.5)).toBe(15)
  expect(quantile(of([5, 15, 15, 15]), 0.99)).toBeGreaterThan(19)
  expect(quantile(of([5, 15, 15, 15]), 0.25)).toBe(10)
  expect(quantile(of([900]), 0.5)).toBe(50)
})
