import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBuckets } from '../../src/http/rates.ts'

const NOW = 1_800_000_000_000
const RATE = { rate: 5, burst: 10 }

const setUp = (rate = RATE) => {
  const clock = { now: NOW }
  const buckets = createBuckets({ now: () => clock.now })
  const take = () => buckets('key', rate)
  /** Takes as often as there is a token. */
  const drain = () => {
    for (let taken = 0; ; taken++) {
      const retryAfterMs = take()
      if (retryAfterMs !== null) return { taken, retryAfterMs }
    }
  }
  return { clock, buckets, take, drain }
}

describe('a token bucket', () => {
  test('gives as many tokens at once as its burst, and then one each part of a second', () => {
    const { clock, drain } = setUp()
    expect(drain()).toEqual({ taken: 10, retryAfterMs: 200 })
    for (const [passed, taken] of [
      [199, 0],
      [1, 1],
      [799, 3],
      [60_000, 10],
    ] as const) {
      clock.now += passed
      expect(drain().taken).toBe(taken)
    }
  })

  test('has a token after as long as it told to wait, and not a millisecond before', () => {
    const rates = fc.record({ rate: fc.integer({ min: 1, max: 900 }), burst: fc.integer({ min: 1, max: 1_000 }) })
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 5_000 }), (rate, elapsed) => {
        const { clock, take, drain } = setUp(rate)
        drain()
        clock.now += elapsed
        const retryAfterMs = take()
        if (retryAfterMs === null) return
        expect(retryAfterMs).toBeGreaterThan(0)
        clock.now += retryAfterMs - 1
        expect(take()).not.toBeNull()
        clock.now += 1
        expect(take()).toBeNull()
      }),
    )
  })

  test('never gives more than its burst and its rate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 }), waits => {
        const { clock, take } = setUp()
        let taken = 0
        for (const wait of waits) {
          clock.now += wait
          if (take() === null) taken++
        }
        expect(taken).toBeLessThanOrEqual(RATE.burst + ((clock.now - NOW) * RATE.rate) / 1_000)
      }),
    )
  })

  test('neither fills nor locks when a clock is set back', () => {
    const { clock, take, drain } = setUp()
    drain()
    clock.now -= 3_600_000
    expect(take()).toBe(200)
    clock.now += 200
    expect(take()).toBeNull()
  })

  test('is kept beside as many as memory may hold, and one more makes all begin anew', () => {
    const { buckets, take, drain } = setUp()
    drain()
    for (let n = 1; n < 10_000; n++) buckets(`${n}`, RATE)
    expect(take()).toBe(200)
    buckets('one more', RATE)
    expect(take()).toBeNull()
  })
})
