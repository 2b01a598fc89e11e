import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/core/duration.ts'
import { firstCountedHour, hourOf } from '../../src/store/rules/quotas.ts'

const NOON = Date.parse('2026-11-24T12:00:00Z')

test.each([
  ['now', NOON, true],
  ['a day ago', NOON - DAY, true],
  ['earlier in the hour of a day ago', NOON + HOUR / 2 - DAY - HOUR / 4, true],
  ['in the hour before that', NOON - DAY - 1, false],
  ['in an hour to come, where the clock was set back', NOON + HOUR, true],
])('what was registered %s counts for the quota of a day: %s', (_when, at, counts) => {
  expect(hourOf(at) >= firstCountedHour(NOON + HOUR / 2)).toBe(counts)
})
