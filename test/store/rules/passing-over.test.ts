import { expect, test } from 'vitest'
import { SECOND } from '../../../src/core/duration.ts'
import { goOnFor } from '../../../src/store/rules/passing-over.ts'

test('looks go on only after one that was slow for what it found, so long that looks from the first are a hundredth', () => {
  expect(goOnFor({ tookMs: 10, found: 0 })).toBe(0)
  expect(goOnFor({ tookMs: 11, found: 0 })).toBe(1_100)
  expect(goOnFor({ tookMs: 100, found: 2_000 })).toBe(0)
  expect(goOnFor({ tookMs: 700, found: 2_000 })).toBe(5 * SECOND)
})
