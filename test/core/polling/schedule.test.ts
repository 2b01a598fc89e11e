import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { pollInterval } from '../../../src/core/polling/schedule.ts'

const DEFAULTS = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }

describe('the poll interval', () => {
  test.each([
    { age: 0, interval: 5 * SECOND },
    { age: 119 * SECOND, interval: 5 * SECOND },
    { age: 120 * SECOND, interval: 5 * SECOND },
    { age: 240 * SECOND, interval: 10 * SECOND },
    { age: 20 * MINUTE, interval: 50 * SECOND },
    { age: 120 * MINUTE, interval: 300 * SECOND },
    { age: 30 * DAY, interval: 300 * SECOND },
  ])('is $interval ms at the age of $age ms', ({ age, interval }) => {
    expect(pollInterval(age, DEFAULTS)).toBe(interval)
  })

  test('is the least one where the clock has gone back behind the registration', () => {
    expect(pollInterval(-DAY, DEFAULTS)).toBe(5 * SECOND)
  })

  test('is clamp(min × max(1, age / ramp), min, max) for any schedule, and never falls with the age', () => {
    const schedule = fc
      .record({
        minMs: fc.integer({ min: 100, max: MINUTE }),
        more: fc.nat({ max: DAY }),
        rampMs: fc.integer({ min: 1, max: DAY }),
      })
      .map(({ minMs, more, rampMs }) => ({ minMs, maxMs: minMs + more, rampMs }))
    fc.assert(
      fc.property(schedule, fc.nat({ max: 400 * DAY }), fc.nat({ max: DAY }), (policy, age, later) => {
        const { minMs, maxMs, rampMs } = policy
        const wanted = minMs * Math.max(1, age / rampMs)
        expect(pollInterval(age, policy)).toBe([minMs, wanted, maxMs].sort((a, b) => a - b)[1])
        expect(pollInterval(age + later, policy)).toBeGreaterThanOrEqual(pollInterval(age, policy))
      }),
    )
  })
})
