import { expect, test } from 'vitest'
import { startHeartbeat } from '../../src/worker/timers.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('rings once a period, by a clock that never jumps, until it is stopped', async () => {
  const clock = createFixedClock()
  let beats = 0
  const heartbeat = startHeartbeat({ everyMs: 1_000, wakeUp: () => beats++, clock })
  await clock.advance(999)
  expect(beats).toBe(0)
  await clock.advance(1)
  expect(beats).toBe(1)
  await clock.advance(1_000)
  expect(beats).toBe(2)
  heartbeat.stop()
  await clock.advance(5_000)
  expect(beats).toBe(2)
  expect(clock.sleeping()).toBe(0)
})

test('does not catch up on beats that it missed: the loop was held for 6 s after a step of a day', async () => {
  const clock = createFixedClock()
  let beats = 0
  const heartbeat = startHeartbeat({ everyMs: 1_000, wakeUp: () => beats++, clock })
  await clock.advance(86_400_000)
  expect(beats).toBe(1)
  heartbeat.stop()
})
