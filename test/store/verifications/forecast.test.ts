import { expect, test } from 'vitest'
import { forecastPoll, spansBefore } from '../../../src/store/verifications/forecast.ts'
import { FRESH_MS, NEW, NEW_IN_BATCH, NUDGED, queueAfterPoll } from '../../../src/store/verifications/poll-queues.ts'
import { RUNNING } from '../../support/claimed-account.ts'

const NOW = 1_000_000
const ACCOUNT = { ...RUNNING, allowedAt: NOW }
const AGAIN = queueAfterPoll(NEW, 5_000)
const AGAIN_IN_BATCH = queueAfterPoll(NEW_IN_BATCH, 5_000)
const ALL = [NUDGED, NEW, NEW_IN_BATCH, AGAIN, AGAIN_IN_BATCH]

test.each([
  ['a new one', NEW, [NUDGED, NEW], [AGAIN, AGAIN_IN_BATCH]],
  ['a new one of a batch', NEW_IN_BATCH, [NUDGED, NEW, NEW_IN_BATCH], [AGAIN, AGAIN_IN_BATCH]],
  ['one that is asked again', AGAIN, [AGAIN], [NUDGED, NEW, NEW_IN_BATCH]],
  ['one of a batch that is asked again', AGAIN_IN_BATCH, [AGAIN, AGAIN_IN_BATCH], [NUDGED, NEW, NEW_IN_BATCH]],
])('%s waits for its kind, a batch for single ones, and has every second pick', (_, queue, first, others) => {
  const { before, between } = spansBefore({ queue, dueAt: NOW, id: 1 }, ALL, NOW)
  expect([before.queues, between.queues]).toEqual([first, others])
})

test('a fresh one passes new ones that are not', () => {
  const afterOf = (dueAt: number) => spansBefore({ queue: NEW, dueAt, id: 1 }, ALL, NOW).before.after
  expect(afterOf(NOW)).toBe(NOW - FRESH_MS)
  expect(afterOf(NOW - FRESH_MS)).toBe(-1)
})

test('the time follows from the rate, which the partners that wait share', () => {
  const forecast = (counted: { before: number; between: number }, partners = 1, hasMore = false) =>
    forecastPoll(counted, { account: ACCOUNT, partners, hasMore }, NOW)
  expect(forecast({ before: 0, between: 500 })).toMatchObject({ before: 0, at: NOW })
  expect(forecast({ before: 50, between: 0 })).toMatchObject({ before: 50, rate: 5, at: NOW + 10_000 })
  expect(forecast({ before: 25, between: 500 }, 2)).toMatchObject({ before: 50, rate: 2.5, at: NOW + 20_000 })
  expect(forecast({ before: 4_999, between: 0 }).isAtLeast).toBe(false)
  expect(forecast({ before: 5_000, between: 0 }).isAtLeast).toBe(true)
  expect(forecast({ before: 0, between: 0 }, 200, true).isAtLeast).toBe(true)
})
