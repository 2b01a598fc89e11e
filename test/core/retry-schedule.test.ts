import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { retryDelay, withJitter } from '../../src/core/retry-schedule.ts'

const schedule = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR]
const MIDDLE = 0.5
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the schedule', () => {
  test('gives its delays in order, then nothing', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6].map(retries =>
      retryDelay({ schedule, retries, retryAfterMs: null, random: MIDDLE }),
    )
    expect(delays).toEqual([...schedule, null, null])
  })

  test('waits longer where the receiver asks for it, by a day at most', () => {
    const delayAfter = (retryAfterMs: number) => retryDelay({ schedule, retries: 1, retryAfterMs, random: MIDDLE })
    expect([0, HOUR, DAY, 9 * DAY].map(delayAfter)).toEqual([5 * MINUTE, HOUR, DAY, DAY])
  })
})

describe('jitter', () => {
  test('stays within a fifth of the delay, either way', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 * DAY }), random, (delay, chance) => {
        expect(withJitter(delay, chance)).toBeGreaterThanOrEqual(delay * 0.8)
        expect(withJitter(delay, chance)).toBeLessThanOrEqual(delay * 1.2)
      }),
    )
  })
})
