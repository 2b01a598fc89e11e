import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import { leftOnRamp, NO_RAMP, nextOnRamp, type Ramp } from '../../../src/store/rules/ramp.ts'

const AT = 1_795_507_200_000

/** When each of so many goes, counted from the start. */
const placesOf = (count: number): number[] => {
  let ramp: Ramp = NO_RAMP
  return Array.from({ length: count }, (_, seq) => {
    const next = nextOnRamp(ramp, seq, AT)
    ramp = next.ramp
    return next.dueAt - AT
  })
}
const within = (places: readonly number[], ms: number) => places.filter(place => place <= ms).length

test('the first goes at once, then ever more a second', () => {
  const places = placesOf(10_000)
  expect(places[0]).toBe(0)
  expect(within(places, SECOND)).toBeLessThanOrEqual(2)
  for (const second of [10, 30, 60, 120]) {
    const rate = within(places, (second + 1) * SECOND) - within(places, second * SECOND)
    expect(rate).toBeGreaterThanOrEqual(second - 1)
    expect(rate).toBeLessThanOrEqual(second + 2)
  }
  expect(within(places, 142 * SECOND)).toBe(10_000)
})

test('a ramp that still runs goes on, one that is over begins anew', () => {
  const { ramp } = nextOnRamp(nextOnRamp(NO_RAMP, 1, AT).ramp, 2, AT)
  expect(nextOnRamp(ramp, 3, AT + SECOND).ramp).toEqual({ rampAt: AT, ramped: 3 })
  expect(nextOnRamp(ramp, 3, AT + MINUTE)).toEqual({ dueAt: AT + MINUTE, ramp: { rampAt: AT + MINUTE, ramped: 1 } })
  // After a step back of the clock nobody waits until it comes there again.
  expect(nextOnRamp(ramp, 3, AT - MINUTE)).toEqual({ dueAt: AT - MINUTE, ramp: { rampAt: AT - MINUTE, ramped: 1 } })
})

test('several lanes of a host do not go at the same moments', () => {
  const ramp = { rampAt: AT, ramped: 10 }
  const moments = new Set(Array.from({ length: 100 }, (_, seq) => nextOnRamp(ramp, seq, AT).dueAt))
  expect(moments.size).toBeGreaterThan(80)
})

test('tells about how many are still to come', () => {
  const ramp = { rampAt: AT, ramped: 1_000 }
  const places = placesOf(1_000)
  for (const ms of [0, 5 * SECOND, 20 * SECOND, 40 * SECOND]) {
    const left = 1_000 - within(places, ms)
    expect(Math.abs(leftOnRamp(ramp, AT + ms) - left)).toBeLessThanOrEqual(1)
  }
  expect(leftOnRamp(ramp, AT + MINUTE)).toBe(0)
  expect(leftOnRamp(NO_RAMP, AT)).toBe(0)
})
