import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { DAY, HOUR, MINUTE } from '../../src/core/duration.ts'
import { afterAnswer, type PollPolicy, type VerificationState } from '../../src/core/verification.ts'

const NOW = Date.parse('2026-11-24T08:00:00Z')
const OUTAGE_GRACE_MS = 24 * HOUR

const policies: fc.Arbitrary<PollPolicy> = fc
  .record({
    minMs: fc.integer({ min: 100, max: MINUTE }),
    more: fc.nat({ max: HOUR }),
    rampMs: fc.integer({ min: 1, max: DAY }),
    settleMarginMs: fc.nat({ max: DAY }),
    notFoundGraceMs: fc.nat({ max: DAY }),
  })
  .map(({ more, ...policy }) => ({ ...policy, maxMs: policy.minMs + more }))

const states: fc.Arbitrary<VerificationState> = fc.record({
  nudgedAt: fc.integer({ min: NOW - 30 * DAY, max: NOW + MINUTE }),
  failures: fc.nat({ max: 2_000 }),
  failingSince: fc.option(fc.integer({ min: NOW - 3 * DAY, max: NOW })),
  invalidIds: fc.nat({ max: 5 }),
  seen: fc.boolean(),
  goneChecks: fc.nat({ max: 5 }),
  lastPolledAt: fc.option(fc.integer({ min: NOW - DAY, max: NOW })),
  rawStatus: fc.constantFrom(null, 'ING', 'DONE'),
  waiting: fc.array(
    fc.record({
      id: fc.uuid(),
      createdAt: fc.integer({ min: NOW - 30 * DAY, max: NOW }),
      expiresAt: fc.integer({ min: NOW - 3 * DAY, max: NOW + 3 * DAY }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})

const answers = fc.constantFrom<Answer>(
  { kind: 'waiting', code: 2, status: 'ING' },
  { kind: 'unknown_status', code: 2, status: 'DONE' },
  { kind: 'not_found', code: 4061 },
  { kind: 'invalid_id', code: 4060 },
  { kind: 'transient', code: 1, cause: 'upstream_error' },
  { kind: 'transient', code: 4999, cause: 'unknown_code' },
  { kind: 'transient', code: null, cause: 'timeout' },
  { kind: 'throttled', code: null, retryAfterMs: HOUR },
  { kind: 'clock', code: 40502 },
  { kind: 'account', code: 4050, fault: 'frozen' },
)
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const steps = fc
  .record({ state: states, answer: answers, policy: policies, random: chances, othersInvalid: fc.boolean() })
  .map(({ state, answer, ...more }) => ({
    state,
    answer,
    policy: more.policy,
    step: afterAnswer(state, answer, { now: NOW, ...more }),
  }))
const leftOf = ({ state, step }: { state: VerificationState; step: ReturnType<typeof afterAnswer> }) =>
  state.waiting.filter(one => !step.ended.some(end => end.registrationId === one.id))

describe('after any answer without a verdict', () => {
  test('nobody is asked about any more exactly when nobody is left', () => {
    fc.assert(
      fc.property(steps, one => {
        expect(one.step.dueAt === null).toBe(leftOf(one).length === 0)
        expect(one.step.verdict).toBeNull()
      }),
    )
  })

  test('the next call is a whole ms, never in the past, and never beyond the next deadline', () => {
    fc.assert(
      fc.property(steps, one => {
        const { dueAt } = one.step
        if (dueAt === null) return
        expect(Number.isInteger(dueAt)).toBe(true)
        expect(dueAt).toBeGreaterThanOrEqual(NOW)
        for (const { expiresAt } of leftOf(one))
          expect(dueAt).toBeLessThanOrEqual(Math.max(NOW, expiresAt + one.policy.settleMarginMs) + OUTAGE_GRACE_MS)
        if (one.answer.kind === 'waiting')
          for (const { expiresAt } of leftOf(one))
            expect(dueAt).toBeLessThanOrEqual(expiresAt + one.policy.settleMarginMs)
      }),
    )
  })

  test('nobody ends by an answer that says nothing of the serial before there was none for a day', () => {
    fc.assert(
      fc.property(steps, ({ answer, state, step }) => {
        if (answer.kind !== 'transient' || step.ended.length === 0) return
        expect(state.failingSince).toBeLessThanOrEqual(NOW - OUTAGE_GRACE_MS)
      }),
    )
  })

  test('nobody expires before the deadline, and each ends once at most', () => {
    fc.assert(
      fc.property(steps, ({ state, step, policy }) => {
        const ids = step.ended.map(end => end.registrationId)
        expect(new Set(ids).size).toBe(ids.length)
        for (const { registrationId, reason } of step.ended) {
          const registration = state.waiting.find(one => one.id === registrationId)
          if (reason === 'expired' || reason === 'unknown_status')
            expect((registration?.expiresAt ?? 0) + policy.settleMarginMs).toBeLessThanOrEqual(NOW)
        }
      }),
    )
  })
})
