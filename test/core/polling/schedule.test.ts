import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { BIN_COUNT, binStart } from '../../../src/core/polling/completion-bins.ts'
import { densitySchedule, learnedSchedule, pollInterval } from '../../../src/core/polling/schedule.ts'
import { forecast } from './forecast.ts'

const RULE = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }

/** Completions a ms, by the age at which a bin begins. */
const hazardBy = (perMs: (ageMs: number) => number) =>
  Array.from({ length: BIN_COUNT }, (_, bin) => perMs(binStart(bin)))
const constant = hazardBy(() => 1 / HOUR)
const falling = hazardBy(age => 1 / (100 * HOUR) + Math.exp(-age / (30 * SECOND)) / (30 * SECOND))

const schedules = fc
  .record({
    minMs: fc.integer({ min: 100, max: MINUTE }),
    more: fc.nat({ max: HOUR }),
    rampMs: fc.integer({ min: SECOND, max: DAY }),
  })
  .map(({ more, ...schedule }) => ({ ...schedule, maxMs: schedule.minMs + more }))
const hazards = fc.array(fc.double({ min: 1e-15, max: 1, noNaN: true }), { minLength: BIN_COUNT, maxLength: BIN_COUNT })
const ages = fc.double({ min: -DAY, max: 400 * DAY, noNaN: true })

describe('the rule', () => {
  test.each([
    { age: 0, interval: 5 * SECOND },
    { age: 119 * SECOND, interval: 5 * SECOND },
    { age: 120 * SECOND, interval: 5 * SECOND },
    { age: 240 * SECOND, interval: 10 * SECOND },
    { age: 20 * MINUTE, interval: 50 * SECOND },
    { age: 120 * MINUTE, interval: 300 * SECOND },
    { age: 30 * DAY, interval: 300 * SECOND },
  ])('is $interval ms at the age of $age ms', ({ age, interval }) => {
    expect(pollInterval(age, RULE)).toBe(interval)
  })

  test('is clamp(min × max(1, age / ramp), min, max) for any schedule, and never falls with the age', () => {
    fc.assert(
      fc.property(schedules, fc.nat({ max: 400 * DAY }), fc.nat({ max: DAY }), (policy, age, later) => {
        const { minMs, maxMs, rampMs } = policy
        const wanted = minMs * Math.max(1, age / rampMs)
        expect(pollInterval(age, policy)).toBe([minMs, wanted, maxMs].sort((a, b) => a - b)[1])
        expect(pollInterval(age + later, policy)).toBeGreaterThanOrEqual(pollInterval(age, policy))
      }),
    )
  })
})

describe('the schedule by density', () => {
  test('stays within the bounds, and never overtakes itself', () => {
    fc.assert(
      fc.property(
        hazards,
        fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
        schedules,
        ages,
        (hazard, cost, bounds, age) => {
          const interval = densitySchedule(hazard, cost, bounds)
          expect(interval(age)).toBeGreaterThanOrEqual(bounds.minMs)
          expect(interval(age)).toBeLessThanOrEqual(bounds.maxMs)
          const later = Math.max(0, age) + 0.5 * bounds.minMs
          expect(later + interval(later)).toBeGreaterThanOrEqual(Math.max(0, age) + interval(age) - 1e-3)
        },
      ),
    )
  })
})

describe('the learned schedule', () => {
  test('finds completions as soon as the rule does, with fewer polls', () => {
    for (const hazard of [constant, falling]) {
      const rule = forecast(age => pollInterval(age, RULE), hazard, DAY)
      const learned = forecast(learnedSchedule(hazard, RULE), hazard, DAY)
      expect(learned.delayMs / rule.delayMs).toBeLessThan(1.03)
      expect(learned.polls / rule.polls).toBeLessThan(0.95)
    }
  })
})
