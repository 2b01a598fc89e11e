import { expect, test } from 'vitest'
import { MINUTE } from '../../src/core/duration.ts'
import { activityOf } from '../../src/core/figures.ts'
import { createEmit } from '../../src/telemetry/emit.ts'
import { createEventCounts } from '../../src/telemetry/event-counts.ts'

const START = Date.parse('2026-11-24T16:20:00.000Z')
const ATTEMPT = {
  ...{ messageId: 'msg_1', partnerId: 'partner_1', host: 'a.example', attempt: 1, origin: 'first' as const },
  ...{ outcome: 'delivered', httpStatus: 200, error: null, detail: null, lagMs: 40, durationMs: 10 },
} as const
const ENDED = { registrationId: 'reg_1', partnerId: 'partner_1', ageMs: 9 } as const

const open = () => {
  const clock = { now: START + 5_000 }
  const counts = createEventCounts(() => clock.now)
  return { clock, counts, emit: createEmit([counts.listen]) }
}

test('counts what happens by name, and lags by the bound that they keep within', () => {
  const { counts, emit } = open()
  emit('registration.answered', { partnerId: 'partner_1', registrationId: 'reg_1', answer: 'created' })
  emit('poll.answered', {
    verificationId: 1,
    accountId: 'acc_1',
    account: 'C1',
    kind: 'waiting',
    code: 2,
    cause: null,
    durationMs: 3,
  })
  emit('verdict.found', { account: 'C1', status: 'succeeded', registrations: 1, lagMs: 4_900 })
  emit('registration.ended', { ...ENDED, end: 'verdict', reason: null })
  emit('registration.ended', { ...ENDED, end: 'unresolved', reason: 'expired' })
  emit('delivery.attempted', ATTEMPT)
  emit('delivery.attempted', { ...ATTEMPT, origin: 'retry', outcome: 'rejected', httpStatus: 503 })
  emit('delivery.attempted', { ...ATTEMPT, outcome: 'not_sent', httpStatus: null })
  expect(counts.take()).toEqual([
    {
      at: START,
      sums: {
        'registrations.created': 1,
        'polls.pending': 1,
        'verdicts.succeeded': 1,
        'detection_lag.5000': 1,
        'unresolved.expired': 1,
        'attempts.ok': 1,
        'attempts.http_5xx': 1,
        'delivery_lag.50': 1,
      },
    },
  ])
  expect(counts.take()).toEqual([])
})

test('what is counted is found again in what the overview tells', () => {
  const { counts, emit } = open()
  emit('delivery.attempted', { ...ATTEMPT, lagMs: 2 ** 40 })
  emit('verdict.found', { account: 'C1', status: 'failed', registrations: 1, lagMs: null })
  const activity = activityOf(counts.take().map(({ sums }) => sums))
  expect(activity).toMatchObject({ attempts: 1, verdicts: 1, deliveryLagMs: { p50: 3_600_000 } })
  expect(activity.detectionLagMs.p50).toBeNull()
})

test('tells a quantile of lags of some minutes to within a few, not only that it is between 5 and 10', () => {
  const { counts, emit } = open()
  const verdict = { account: 'C1', status: 'succeeded', registrations: 1 } as const
  for (let n = 0; n < 100; n++) emit('verdict.found', { ...verdict, lagMs: n < 90 ? 130_000 : 320_000 })
  const { p50, p95 } = activityOf(counts.take().map(({ sums }) => sums)).detectionLagMs
  expect(p50).toBeLessThan(180_000)
  expect(p95).toBeLessThan(450_000)
})

test('keeps the counts of an hour, each by its minute, also those that are put back', () => {
  const { clock, counts, emit } = open()
  for (let minute = 0; minute < 70; minute++) {
    emit('delivery.attempted', ATTEMPT)
    clock.now += MINUTE
  }
  const taken = counts.take()
  expect(taken).toHaveLength(60)
  expect(taken[0]?.at).toBe(START + 10 * MINUTE)
  counts.putBack(taken)
  clock.now -= MINUTE
  emit('delivery.attempted', ATTEMPT)
  expect(counts.take().at(-1)).toMatchObject({ at: START + 69 * MINUTE, sums: { 'attempts.ok': 2 } })
})
