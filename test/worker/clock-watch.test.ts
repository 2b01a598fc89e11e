import { expect, test } from 'vitest'
import { DAY, HOUR, SECOND } from '../../src/core/duration.ts'
import { createClockWatch } from '../../src/worker/timers.ts'

const openWatch = () => {
  const at = { now: Date.parse('2026-11-24T08:00:00Z'), monotonic: 5 }
  const told: unknown[] = []
  const look = createClockWatch({
    clock: { now: () => at.now, monotonic: () => at.monotonic },
    emit: (...event) => told.push(event),
    onStepBack: () => told.push('back'),
  })
  const pass = (ms: number) => {
    at.now += ms
    at.monotonic += ms
  }
  const set = (ms: number) => {
    at.now += ms
  }
  return { look, told, pass, set }
}

test.each([
  [DAY, []],
  [6 * SECOND, []],
  [-HOUR, ['back']],
])('C1 a step of %d ms is warned of once', (stepMs, then) => {
  const { look, told, pass, set } = openWatch()
  pass(SECOND)
  look()
  set(stepMs)
  look()
  pass(HOUR)
  look()
  expect(told).toEqual([['clock.stepped', { stepMs }], ...then])
})

test('what a time server does slowly is no step, however far it comes to', () => {
  const { look, told, pass, set } = openWatch()
  for (let n = 0; n < 1_000; n++) {
    pass(SECOND)
    set(-400)
    look()
  }
  expect(told).toEqual([])
})
