import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { afterPoll, type Load, NO_LOAD, overloadFactor } from '../../../src/core/polling/overload.ts'

const loadAfter = (gaps: readonly { gapMs: number; wantedMs: number }[], from: Load = NO_LOAD) =>
  gaps.reduce(afterPoll, from)

/**
 * Rows that want to be polled every so often, forever, under a rate; the most overdue goes first. What each row got, and
 * what the overload factor came to.
 */
const runUnderRate = ({ wanted, ratePerS, forMs }: { wanted: readonly number[]; ratePerS: number; forMs: number }) => {
  const rows = wanted.map(wantedMs => ({ wantedMs, dueAt: 0, polledAt: 0, longestMs: 0, lateness: [] as number[] }))
  let load = NO_LOAD
  let [idle, calls] = [0, 0]
  for (let now = 0; now < forMs; now += SECOND / ratePerS) {
    const row = rows.reduce((first, one) => (one.dueAt < first.dueAt ? one : first))
    if (now > forMs / 2) calls++
    if (row.dueAt > now) idle += now > forMs / 2 ? 1 : 0
    else {
      const gapMs = now - row.polledAt
      if (row.polledAt > 0) {
        load = afterPoll(load, { gapMs, wantedMs: row.wantedMs })
        if (now > forMs / 2) {
          row.longestMs = Math.max(row.longestMs, gapMs)
          row.lateness.push(gapMs / (row.dueAt - row.polledAt))
        }
      }
      row.polledAt = now
      row.dueAt = now + row.wantedMs * overloadFactor(load)
    }
  }
  return { factor: overloadFactor(load), demand: load.demand, rows, idleShare: idle / calls }
}

describe('the overload factor', () => {
  test('is 1 where polls are made in time, however small the interval', () => {
    expect(overloadFactor(NO_LOAD)).toBe(1)
    const punctual = [100, 5 * SECOND, MINUTE].map(wantedMs => ({ gapMs: wantedMs + 600, wantedMs }))
    expect(overloadFactor(loadAfter(Array.from({ length: 300 }, () => punctual).flat()))).toBe(1)
  })

  test('goes to the demand over the rate, and leaves no allowed call unused', () => {
    // 150 rows every 10 s and 450 every 30 s want 30 calls a second; 10 are allowed.
    const wanted = Array.from({ length: 600 }, (_, index) => (index % 4 === 0 ? 10 : 30) * SECOND)
    const { factor, demand, rows, idleShare } = runUnderRate({ wanted, ratePerS: 10, forMs: 60 * MINUTE })
    expect(demand).toBeGreaterThan(2.6)
    expect(demand).toBeLessThan(3.3)
    expect(factor).toBeLessThan(demand)
    expect(idleShare).toBeLessThan(0.02)
    const lateness = rows.flatMap(row => row.lateness)
    const mean = lateness.reduce((sum, one) => sum + one, 0) / lateness.length
    expect(mean).toBeGreaterThan(1)
    expect(mean).toBeLessThan(1.35)
    for (const { longestMs, wantedMs } of rows) {
      expect(longestMs).toBeGreaterThan(0)
      expect(longestMs / wantedMs).toBeLessThan(6)
    }
  })

  test('is taken back when the demand has gone', () => {
    const overloaded: Load = { demand: 3 }
    // What was planned under the factor comes in time.
    const load = Array.from({ length: 1_500 }).reduce<Load>(
      one => afterPoll(one, { gapMs: 5 * SECOND * overloadFactor(one), wantedMs: 5 * SECOND }),
      overloaded,
    )
    expect(overloadFactor(load)).toBe(1)
  })

  test('follows no single poll that waited for something else', () => {
    expect(overloadFactor(loadAfter([{ gapMs: 24 * 60 * MINUTE, wantedMs: 5 * SECOND }]))).toBe(1)
  })

  test('is finite and at least 1 for any gaps', () => {
    const gaps = fc.array(fc.record({ gapMs: fc.nat(), wantedMs: fc.integer({ min: 1, max: 24 * 60 * MINUTE }) }), {
      maxLength: 500,
    })
    fc.assert(
      fc.property(gaps, some => {
        const factor = overloadFactor(loadAfter(some))
        expect(factor).toBeGreaterThanOrEqual(1)
        expect(factor).toBeLessThanOrEqual(1_000)
      }),
    )
  })
})
