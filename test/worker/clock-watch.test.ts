import { expect, test } from 'vitest'
import { DAY, HOUR, SECOND } from '../../src/core/duration.ts'
import { createClockWatch } from '../../src/worker/clock-watch.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')

const openWatch = () => {
  const at = { now: NOW, monotonic: 5 }
  const emitted: unknown[] = []
  const steps: number[] = []
  const watch = createClockWatch({
    clock: { now: () => at.now, monotonic: () => at.monotonic },
    emit: (...event) => emitted.push(event),
    onStep: stepMs => steps.push(stepMs),
  })
  const pass = (ms: number) => {
    at.now += ms
    at.monotonic += ms
  }
  const set = (ms: number) => {
    at.now += ms
  }
  return { watch, at, emitted, steps, pass, set }
}

test.each([DAY, -HOUR, 6 * SECOND])(
  'C1 a step of %d ms is warned of once, and told with the time of the new clock',
  stepMs => {
    const { watch, emitted, steps, pass, set } = openWatch()
    pass(SECOND)
    expect(watch.setAt()).toBe(0)
    set(stepMs)
    watch.look()
    pass(HOUR)
    watch.look()
    expect(emitted).toEqual([['clock.stepped', { stepMs }]])
    expect(steps).toEqual([stepMs])
    expect(watch.setAt()).toBe(NOW + SECOND + stepMs)
  },
)

test('a step is seen by whoever asks first, before the next look', () => {
  const { watch, emitted, set } = openWatch()
  set(DAY)
  expect(watch.setAt()).toBe(NOW + DAY)
  expect(emitted).toHaveLength(1)
})

test('what a time server does slowly is no step, however far it comes to', () => {
  const { watch, emitted, pass, set } = openWatch()
  for (let n = 0; n < 1_000; n++) {
    pass(SECOND)
    set(-400)
    watch.look()
  }
  expect(emitted).toEqual([])
})
