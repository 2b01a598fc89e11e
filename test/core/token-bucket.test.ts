import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bucket, FULL_BUCKET, takeToken } from '../../src/http/rates.ts'

const NOW = 1_800_000_000_000
const RATE = { rate: 5, burst: 10 }

/** Takes as often as there is a token. */
const drain = (from: Bucket, now: number, rate = RATE) => {
  let bucket = from
  for (let taken = 0; ; taken++) {
    const next = takeToken(bucket, now, rate)
    bucket = next.bucket
    if (next.retryAfterMs !== null) return { taken, bucket, retryAfterMs: next.retryAfterMs }
  }
}

describe('a token bucket', () => {
  test('gives as many tokens at once as its burst, and then one each part of a second', () => {
    const { taken, bucket, retryAfterMs } = drain(FULL_BUCKET, NOW)
    expect([taken, retryAfterMs]).toEqual([10, 200])
    expect(drain(bucket, NOW + 199).taken).toBe(0)
    expect(drain(bucket, NOW + 200).taken).toBe(1)
    expect(drain(bucket, NOW + 999).taken).toBe(4)
    expect(drain(bucket, NOW + 60_000).taken).toBe(10)
  })

  test('has a token after as long as it told to wait, and not a millisecond before', () => {
    const rates = fc.record({ rate: fc.integer({ min: 1, max: 900 }), burst: fc.integer({ min: 1, max: 1_000 }) })
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 5_000 }), (rate, elapsed) => {
        const { bucket, retryAfterMs } = takeToken(drain(FULL_BUCKET, NOW, rate).bucket, NOW + elapsed, rate)
        if (retryAfterMs === null) return
        expect(retryAfterMs).toBeGreaterThan(0)
        expect(takeToken(bucket, NOW + elapsed + retryAfterMs - 1, rate).retryAfterMs).not.toBeNull()
        expect(takeToken(bucket, NOW + elapsed + retryAfterMs, rate).retryAfterMs).toBeNull()
      }),
    )
  })

  test('never gives more than its burst and its rate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 }), waits => {
        let now = NOW
        let bucket = FULL_BUCKET
        let taken = 0
        for (const wait of waits) {
          now += wait
          const next = takeToken(bucket, now, RATE)
          bucket = next.bucket
          if (next.retryAfterMs === null) taken++
        }
        expect(taken).toBeLessThanOrEqual(RATE.burst + ((now - NOW) * RATE.rate) / 1_000)
      }),
    )
  })

  test('neither fills nor locks when a clock is set back', () => {
    const { bucket } = drain(FULL_BUCKET, NOW)
    const refused = takeToken(bucket, NOW - 3_600_000, RATE)
    expect(refused.retryAfterMs).toBe(200)
    expect(takeToken(refused.bucket, NOW - 3_600_000 + 200, RATE).retryAfterMs).toBeNull()
  })
})
