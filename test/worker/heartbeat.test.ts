import { expect, test } from 'vitest'
import { startHeartbeat } from '../../src/worker/timers.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

test('rings all once a period, by a clock that never jumps, until it is stopped', async () => {
  const clock = createFixedClock()
  const rung: string[] = []
  const rings = [() => rung.push('one'), () => rung.push('two')]
  const heartbeat = startHeartbeat({ everyMs: 1_000, rings, clock })
  await clock.advance(999)
  expect(rung).toEqual([])
  await clock.advance(1)
  expect(rung).toEqual(['one', 'two'])
  await clock.advance(1_000)
  expect(rung).toHaveLength(4)
  heartbeat.stop()
  await clock.advance(5_000)
  expect(rung).toHaveLength(4)
  expect(clock.sleeping()).toBe(0)
})

test('does not catch up on beats that it missed: the loop was held for 6 s after a step of a day', async () => {
  const clock = createFixedClock()
  let beats = 0
  const heartbeat = startHeartbeat({ everyMs: 1_000, rings: [() => beats++], clock })
  await clock.advance(86_400_000)
  expect(beats).toBe(1)
  heartbeat.stop()
})
