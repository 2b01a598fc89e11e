import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { onceAMinute } from '../../src/worker/rounds.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('rounds that fail each second were told each second; now one is a minute', async () => {
  const clock = createFixedClock()
  const told: unknown[] = []
  const failed = onceAMinute(error => told.push(error), clock)
  for (let n = 0; n <= (2 * MINUTE) / SECOND; n++) {
    failed(n)
    await clock.advance(SECOND)
  }
  expect(told).toEqual([0, 60, 120])
})
