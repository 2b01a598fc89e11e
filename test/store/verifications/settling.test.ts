import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../src/core/answer.ts'
import type { VerificationStep } from '../../../src/core/verification.ts'
import {
  endsRegistrations,
  settleVerification,
  type VerificationFacts,
} from '../../../src/store/verifications/settling.ts'
import type { VerificationSettlement } from '../../../src/store/verifications/verification.ts'
import { SUCCESS, UNREACHABLE, WAITING } from '../../support/store.ts'

const VERDICT = SUCCESS.verdict
const STEP: VerificationStep = {
  failures: 0,
  failingSince: null,
  invalidIds: 0,
  goneChecks: 0,
  seen: true,
  dueAt: 500,
  verdict: null,
  ended: [],
}
const waiting = (id: string, n = 0) => ({
  verificationId: 1,
  n,
  id,
  partnerId: 'prt_1',
  laneId: 1,
  callbackUrl: 'https://a.example/',
  metadata: {},
  traceparent: null,
  createdAt: 5,
})
const FACTS: VerificationFacts = {
  id: 1,
  idcardid: '16',
  accountId: 'acc_1',
  partnerId: 'prt_1',
  claims: 3,
  claimedAt: 80,
  nudgedAt: 10,
  queue: 1,
  polls: 4,
  lastOpenAt: 50,
  rawStatus: 'INIT',
  seen: false,
  isResolved: false,
  waiting: [waiting('reg_1')],
}
const settlement = (step: Partial<VerificationStep>, answer: Answer = WAITING, claim = 3): VerificationSettlement => ({
  id: 1,
  claim,
  idcardid: '16',
  answer,
  askedAt: 90,
  observedAt: 95,
  step: { ...STEP, ...step },
  account: { id: 'acc_1', change: null },
})
const AT = 100
const FIRST_VERDICT = { verdict: VERDICT, dueAt: null }

describe('an answer', () => {
  test('about the serial queues it by its interval, behind new ones', () => {
    const queueAfter = (queue: number, answer: Answer, dueAt = 5_090, facts = {}) =>
      settleVerification(settlement({ dueAt }, answer), { ...FACTS, queue, ...facts }, AT)?.update.queue
    expect(queueAfter(1, WAITING)).toBe(16 + 3)
    expect(queueAfter(2, WAITING)).toBe(32 + 3)
    // Not about the serial: it stays where it was.
    expect(queueAfter(1, { kind: 'throttled', code: 4050, retryAfterMs: null } as Answer, 95)).toBe(1)
    expect(queueAfter(20, { kind: 'invalid_id', code: 4060 }, 95)).toBe(20)
    // The user came back during the call.
    expect(queueAfter(0, WAITING, 5_090, { nudgedAt: 85 })).toBe(0)
  })

  test('that lets everybody go on waiting writes when to ask next, and counts the poll', () => {
    const plan = settleVerification(settlement({}), { ...FACTS, waiting: [] }, AT)
    expect(plan).toMatchObject({ endings: [], update: { polls: 5, lastPolledAt: 90, rawStatus: 'ING', dueAt: 500 } })
    expect(endsRegistrations(settlement({}))).toBe(false)
  })

  test('is followed by another call at once where a hint came during the call', () => {
    expect(settleVerification(settlement({}), { ...FACTS, nudgedAt: 85 }, AT)?.update.dueAt).toBe(AT)
  })

  test('is not asked again and again after the clock was set back behind the nudge', () => {
    const { dueAt } = settlement({}).step
    expect(settleVerification(settlement({}), { ...FACTS, nudgedAt: AT + 1 }, AT)?.update.dueAt).toBe(dueAt)
  })

  test('changes nothing where the claim does not hold, is settled already, or there is a verdict', () => {
    expect(settleVerification(settlement({}, WAITING, 2), FACTS, AT)).toBeNull()
    expect(settleVerification(settlement({}), { ...FACTS, claimedAt: null }, AT)).toBeNull()
    expect(settleVerification(settlement(FIRST_VERDICT, SUCCESS), { ...FACTS, isResolved: true }, AT)).toBeNull()
    expect(settleVerification(settlement({}), null, AT)).toBeNull()
  })
})

describe('the last poll that showed the check still open', () => {
  const kept = (answer: Answer) => settleVerification(settlement({}, answer), FACTS, AT)?.update.lastOpenAt

  test('is one that was answered about the serial', () => {
    expect(kept(WAITING)).toBe(90)
    expect(kept({ kind: 'unknown_status', code: 2, status: 'DONE' })).toBe(90)
    expect(kept({ kind: 'not_found', code: 4061 })).toBe(90)
  })

  test('is none of an outage, a pause or a throttling', () => {
    expect(kept(UNREACHABLE)).toBe(50)
    expect(kept({ kind: 'transient', code: 1, cause: 'upstream_error' })).toBe(50)
    expect(kept({ kind: 'throttled', code: 4080, retryAfterMs: null })).toBe(50)
    expect(kept({ kind: 'account', code: 4050, fault: 'frozen' })).toBe(50)
  })
})

describe('a first verdict', () => {
  test('from any claim ends every waiting registration, also ones joined during the call', () => {
    const facts = { ...FACTS, waiting: [waiting('reg_1'), waiting('reg_2', 1)] }
    for (const claim of [2, 3]) {
      const plan = settleVerification(settlement(FIRST_VERDICT, SUCCESS, claim), facts, AT)
      expect(plan?.endings.map(({ registration, reason }) => [registration.id, reason])).toEqual([
        ['reg_1', null],
        ['reg_2', null],
      ])
      expect(plan?.update).toMatchObject({ dueAt: null, verdict: VERDICT, observedAt: 95, previousPollAt: 50 })
    }
  })

  test('is not kept where everybody has cancelled during the call', () => {
    const plan = settleVerification(settlement(FIRST_VERDICT, SUCCESS, 2), { ...FACTS, waiting: [] }, AT)
    expect(plan).toMatchObject({ endings: [], update: { verdict: null, observedAt: null, dueAt: null, seen: false } })
  })
})

describe('a deadline', () => {
  const ended = { dueAt: 700, ended: [{ registrationId: 'reg_1', reason: 'expired' as const }] }

  test('ends its own registration, and the others go on', () => {
    const plan = settleVerification(
      settlement(ended),
      { ...FACTS, waiting: [waiting('reg_1'), waiting('reg_2', 1)] },
      AT,
    )
    expect(plan?.endings).toMatchObject([{ registration: { id: 'reg_1' }, verdict: null, reason: 'expired' }])
    expect(plan?.update.dueAt).toBe(700)
  })

  test('of the last one leaves nothing to ask', () => {
    expect(settleVerification(settlement({ ...ended, dueAt: null }), FACTS, AT)?.update.dueAt).toBeNull()
  })

  test('of all known registrations polls at once for one that joined during the call', () => {
    const joined = { ...FACTS, nudgedAt: 85, waiting: [waiting('reg_1'), waiting('reg_2', 1)] }
    expect(settleVerification(settlement({ ...ended, dueAt: null }), joined, AT)?.update.dueAt).toBe(AT)
  })
})
