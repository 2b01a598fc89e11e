import { expect, test } from 'vitest'
import { clockAhead } from '../../../src/store/postgres/clock-estimate.ts'

test('the first answer tells the middle of what may be', () => {
  expect(clockAhead(null, { at: 5_000, askedAt: 1_000, answeredAt: 1_100 })).toBe(3_950)
})

test('an answer that came late moved the clock by half of its delay', () => {
  expect(clockAhead(0, { at: 1_000, askedAt: 1_000, answeredAt: 13_000 })).toBe(0)
  expect(clockAhead(400, { at: 1_400, askedAt: 1_000, answeredAt: 13_000 })).toBe(400)
})

test('what cannot be any more moves as far as it must', () => {
  // The database's clock was set forward by a minute.
  expect(clockAhead(0, { at: 61_000, askedAt: 1_000, answeredAt: 1_010 })).toBe(59_990)
  expect(clockAhead(0, { at: 1_000, askedAt: 61_000, answeredAt: 61_010 })).toBe(-59_999)
  // Ours was set back between the two.
  expect(clockAhead(0, { at: 61_000, askedAt: 61_000, answeredAt: 1_000 })).toBe(30_000)
})
