import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../src/core/duration.ts'
import { fullHourWait, retryWait } from '../../src/operator/pace.ts'

const at = (time: string): number => Date.parse(`2026-11-26T${time}Z`)

test.each([
  ['02:59:54', 0],
  ['02:59:55', 35 * SECOND],
  ['03:00:00', 30 * SECOND],
  ['03:00:29', SECOND],
  ['03:00:30', 0],
  ['03:29:58', 32 * SECOND],
  ['03:30:10', 20 * SECOND],
  ['03:15:00', 0],
])('at %s, robots have time in %i ms', (time, ms) => {
  expect(fullHourWait(at(time), 0)).toBe(ms)
})

test('those that wait for the hour to be over do not go at the same moment', () => {
  expect(fullHourWait(at('03:00:00'), 0.5)).toBe(40 * SECOND)
})

test('what fails is tried again ever more rarely, every 15 minutes at most', () => {
  expect([0, 1, 2, 3, 4, 100].map(tries => retryWait(tries, 0.5))).toEqual(
    [5, 30, 120, 600, 900, 900].map(seconds => seconds * SECOND),
  )
  expect(retryWait(9, 0)).toBe(12 * MINUTE)
})
