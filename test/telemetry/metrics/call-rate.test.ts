import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { createCallRate } from '../../../src/telemetry/metrics/metrics.ts'
import { createFixedClock } from '../../support/fixed-clock.ts'

test('counts the calls of each account in the last minute', async () => {
  const clock = createFixedClock(0)
  const rate = createCallRate(clock.monotonic)
  expect(rate.inLastMinute('C1')).toBe(0)
  for (let n = 0; n < 4; n++) rate.called('C1')
  rate.called('C2')
  expect([rate.inLastMinute('C1'), rate.inLastMinute('C2')]).toEqual([4, 1])
  await clock.advance(90 * SECOND)
  rate.called('C1')
  expect([rate.inLastMinute('C1'), rate.inLastMinute('C2')]).toEqual([3, 0.5])
  await clock.advance(10 * MINUTE)
  expect(rate.inLastMinute('C1')).toBe(0)
})
