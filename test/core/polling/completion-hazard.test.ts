import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { addWatched, binOf, emptyBins } from '../../../src/core/polling/completion-bins.ts'
import { estimateHazard } from '../../../src/core/polling/completion-hazard.ts'
import { pollInterval } from '../../../src/core/polling/schedule.ts'
import { flat, watch, watches } from './watched.ts'

const RULE = { minMs: 5 * SECOND, maxMs: 300 * SECOND, rampMs: 120 * SECOND }

/** Checks whose hazard is `perMs` up to an age and nothing after it, polled every 5 s for ten minutes. */
const course = (perMs: number, untilMs: number, checks: number) => {
  const bins = emptyBins()
  const step = 5 * SECOND
  let open = checks
  for (let fromMs = 0; fromMs < 10 * MINUTE; fromMs += step) {
    const gone = fromMs < untilMs ? Math.round(open * -Math.expm1(-perMs * step)) : 0
    open -= gone
    for (let i = 0; i < gone; i++) addWatched(bins, { fromMs, toMs: fromMs + step, isComplete: true }, flat)
    for (let i = 0; i < open; i++) addWatched(bins, { fromMs, toMs: fromMs + step, isComplete: false }, flat)
  }
  return bins
}

describe('the hazard', () => {
  test('has the shape at which the rule is the best schedule, as long as nothing is known', () => {
    const hazard = estimateHazard(emptyBins(), RULE)
    for (const age of [10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 12 * HOUR]) {
      const interval = Math.sqrt((hazard[binOf(10 * SECOND)] ?? 0) / (hazard[binOf(age)] ?? 0)) * RULE.minMs
      expect(interval / pollInterval(age, RULE)).toBeGreaterThan(0.85)
      expect(interval / pollInterval(age, RULE)).toBeLessThan(1.15)
    }
  })

  test('falls where checks are watched and none is completed', () => {
    const bins = course(1 / (50 * SECOND), MINUTE, 400)
    const [before, after] = [20 * SECOND, 4 * MINUTE].map(age => estimateHazard(bins, RULE)[binOf(age)] ?? 0)
    expect(after).toBeLessThan((before ?? 0) / 100)
  })

  test('is positive and finite whatever was observed', () => {
    fc.assert(
      fc.property(fc.array(watches, { maxLength: 30 }), some => {
        for (const one of estimateHazard(watch(some), RULE)) {
          expect(one).toBeGreaterThan(0)
          expect(one).toBeLessThan(Number.POSITIVE_INFINITY)
        }
      }),
    )
  })
})
