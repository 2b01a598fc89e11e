import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { countedHours, hourOf } from '../../../src/store/partners/quotas.ts'

const NOON = Date.parse('2026-11-24T12:00:00Z')

test.each([
  ['now', NOON, true],
  ['a day ago', NOON - DAY, true],
  ['earlier in the hour of a day ago', NOON + HOUR / 2 - DAY - HOUR / 4, true],
  ['in the hour before that', NOON - DAY - 1, false],
  ['in the next hour, where the clock was set back', NOON + HOUR, false],
  ['in a month', NOON + 30 * DAY, false],
])('registrations %s count for the quota of a day: %s', (_when, at, counts) => {
  expect(countedHours(NOON + HOUR / 2).includes(hourOf(at))).toBe(counts)
})
