import { expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { yieldToLoop } from '../../src/core/clock.ts'
import { HOUR, MINUTE, SECOND } from '../../src/core/duration.ts'
import { pollInterval } from '../../src/core/polling/schedule.ts'
import { TEST_ACCOUNT_ID } from '../../src/core/test-serial.ts'
import type { ClaimedAccount } from '../../src/store/accounts/rows.ts'
import type {
  ClaimedVerification,
  VerificationClaimRequest,
  VerificationOutcome,
  VerificationSettlement,
} from '../../src/store/verifications/verification.ts'
import { createEmit, type TelemetryEvent } from '../../src/telemetry/emit.ts'
import { createPoller, type PollerDeps } from '../../src/worker/poller.ts'
import { ACCOUNT } from '../support/claimed-account.ts'
import { createFixedClock } from '../support/fixed-clock.ts'
import { POLICY, SUCCESS, UNREACHABLE, WAITING } from '../support/store.ts'
import { NOW, verificationOf } from './support/verification.ts'

const CONCURRENCY = 2
const NOT_FOUND: Answer = { kind: 'not_found', code: 4061 }

/**
 * A poller whose store hands out the rows that the test gives, and whose upstream and store answer when the test lets
 * them.
 */
const openScene = ({
  account = ACCOUNT,
  outcome = null,
  ...more
}: Partial<PollerDeps> & { account?: ClaimedAccount; outcome?: VerificationOutcome | null } = {}) => {
  const clock = createFixedClock(NOW)
  const asked = new Map<string, PromiseWithResolvers<Answer>>()
  const claims: VerificationClaimRequest[] = []
  const settled: VerificationSettlement[] = []
  const happened: string[] = []
  const lookups: boolean[] = []
  const announced: number[] = []
  let due: ClaimedVerification[] = []
  let recording = Promise.resolve()
  let claiming = Promise.resolve()
  let finishRecording = () => {}
  const poller = createPoller({
    store: {
      now: clock.now,
      claimVerifications: async claim => {
        claims.push(claim)
        const verifications = due.splice(0)
        await claiming
        return { claims: verifications.length > 0 ? [{ account, verifications }] : [], nextAt: NOW + 9 }
      },
      settleVerifications: async settlements => {
        await recording
        settled.push(...settlements)
        happened.push('recorded')
        return settlements.map(() => outcome)
      },
    },
    upstream: {
      ask: (_, { idcardid }) => {
        const call = Promise.withResolvers<Answer>()
        asked.set(idcardid, call)
        return call.promise
      },
    },
    policy: POLICY,
    plan: { intervalMs: (_, ageMs) => pollInterval(ageMs, POLICY), polled: () => {} },
    concurrency: CONCURRENCY,
    timeoutMs: 10 * SECOND,
    random: () => 0,
    clock,
    onLookup: (_, isNotFound) => lookups.push(isNotFound),
    onFree: () => happened.push('free'),
    onDue: at => announced.push(at),
    emit: (...[name]) => happened.push(name),
    ...more,
  })
  const round = (...verifications: ClaimedVerification[]) => {
    due = verifications
    return poller.round()
  }
  return {
    poller,
    clock,
    claims,
    settled,
    lookups,
    announced,
    /** In order: events, slots that became free, settlements that were recorded. */
    happened,
    round,
    asked: () => [...asked.keys()].map(Number),
    answer: async (id: number, answer: Answer) => {
      asked.get(String(id))?.resolve(answer)
      await yieldToLoop()
    },
    /** Holds back claimed rows until the returned function is called. */
    holdClaims: () => {
      const held = Promise.withResolvers<void>()
      claiming = held.promise
      return held.resolve
    },
    /** Keeps the store from recording until the function that it returns is called. */
    holdRecords: () => {
      const held = Promise.withResolvers<void>()
      recording = held.promise
      finishRecording = held.resolve
      return async () => {
        finishRecording()
        await yieldToLoop()
      }
    },
  }
}

test('asks about what it claims for as long as two calls last, decides, and records under the claim', async () => {
  const { poller, clock, round, answer, asked, settled, claims } = openScene()
  expect(await round(verificationOf(1), verificationOf(2))).toEqual({ claimed: 2, nextAt: NOW + 9, waits: true })
  // Upstream may be called twice, each time for ten seconds, before it is recorded.
  expect(claims[0]?.leaseMs).toBeGreaterThan(20 * SECOND)
  expect(asked()).toEqual([1, 2])
  await clock.advance(300)
  await answer(1, WAITING)
  await answer(2, SUCCESS)
  await poller.whenIdle()
  const at = { claim: 7, askedAt: NOW, observedAt: NOW + 300 }
  expect(settled).toMatchObject([
    { ...at, id: 1, answer: WAITING, step: { verdict: null, dueAt: NOW + 300 + POLICY.minMs } },
    { ...at, id: 2, answer: SUCCESS, step: { verdict: SUCCESS.verdict, dueAt: null } },
  ])
})

test('a slot that is freed while a round claims is one that more may wait for', async () => {
  const { round, answer, holdClaims } = openScene()
  await round(verificationOf(1), verificationOf(2))
  const goOn = holdClaims()
  const full = round()
  await answer(1, WAITING)
  goOn()
  expect(await full).toMatchObject({ claimed: 0, waits: true })
  expect(await round()).toMatchObject({ claimed: 0, waits: false })
})

test('tells how long the answered calls of the last minute took, by account', async () => {
  const { poller, clock, round, answer } = openScene()
  await round(verificationOf(1), verificationOf(2))
  await clock.advance(7_000)
  await answer(1, WAITING)
  await clock.advance(2_000)
  await answer(2, UNREACHABLE)
  await round(verificationOf(3), verificationOf(4))
  await clock.advance(8_000)
  await answer(3, WAITING)
  await clock.advance(1_000)
  await answer(4, WAITING)
  expect(poller.answers()).toEqual({ acc_1: { ms: 8_000, calls: CONCURRENCY } })
  await clock.advance(5 * MINUTE)
  expect(poller.answers()).toEqual({})
})

test('a slot is free as soon as the answer is there, before it is recorded', async () => {
  const { round, answer, claims, happened, holdRecords } = openScene()
  const record = holdRecords()
  await round(verificationOf(1), verificationOf(2))
  await answer(1, WAITING)
  expect(happened).toEqual(['poll.answered', 'free'])
  await round()
  expect(claims.at(-1)?.busy).toEqual(new Map([['acc_1', 1]]))
  await record()
  expect(happened.at(-1)).toBe('recorded')
})

test('a call that throws frees its slot and leaves the row to its lease', async () => {
  const ask = async () => {
    throw new Error('a bug')
  }
  const { poller, round, settled, happened } = openScene({ upstream: { ask } })
  await round(verificationOf(1))
  await poller.whenIdle()
  expect(happened).toEqual(['poll.failed', 'free'])
  expect(settled).toEqual([])
})

test('a test serial is answered here, which changes nothing of its account, and is no look-up', async () => {
  const { poller, round, asked, settled, lookups } = openScene({ account: { ...ACCOUNT, id: TEST_ACCOUNT_ID } })
  await round({
    ...verificationOf(1),
    idcardid: 'test_success',
    waiting: [{ id: 'reg_1', createdAt: NOW, expiresAt: NOW + 1 }],
  })
  await poller.whenIdle()
  expect(asked()).toEqual([])
  expect(settled).toMatchObject([
    { id: 1, claim: 7, answer: { kind: 'verdict' }, askedAt: NOW, observedAt: NOW, account: { change: null } },
  ])
  expect(lookups).toEqual([])
})

test.each<[string, Answer, Partial<ClaimedVerification>, boolean[]]>([
  ['not at all while a new serial may not be visible yet', NOT_FOUND, { polls: 0 }, []],
  ['as unknown at the third poll', NOT_FOUND, { polls: 2 }, [true]],

  ['as known when upstream shows it first', WAITING, { polls: 5 }, [false]],

  ['not at all by an answer that says nothing', UNREACHABLE, { polls: 2 }, []],
])('a serial counts as looked up: %s', async (_, answered, more, expected) => {
  const { round, answer, lookups } = openScene()
  await round(verificationOf(1, more))
  await answer(1, answered)
  expect(lookups).toEqual(expected)
})

test('a call that was broken off counted as a failure; now it does not, and a verdict still counts', async () => {
  const { poller, round, answer, settled, happened } = openScene()
  await round(verificationOf(1), verificationOf(2))
  poller.breakOff()
  await answer(1, UNREACHABLE)
  await answer(2, SUCCESS)
  await poller.whenIdle()
  expect(settled).toMatchObject([{ id: 2, answer: SUCCESS }])
  expect(happened.filter(event => event === 'poll.answered')).toHaveLength(1)
})

test('tells of a call what it said and how long it took, and of an end once it is recorded', async () => {
  const told: TelemetryEvent[] = []
  const outcome: VerificationOutcome = {
    verdict: { previousPollAt: NOW - 4 * SECOND },
    ended: [{ registrationId: 'reg_1', partnerId: 'partner_1', createdAt: NOW - HOUR, reason: null }],
  }
  const emit = createEmit([event => void told.push(event)])
  const { poller, clock, round, answer, holdRecords } = openScene({ outcome, emit })
  const record = holdRecords()
  await round(verificationOf(1))
  await clock.advance(300)
  await answer(1, SUCCESS)
  const answered = { account: 'C1', kind: 'verdict', code: 2, cause: null, durationMs: 300 }
  expect(told).toMatchObject([{ name: 'poll.answered', fields: answered }])
  await record()
  await poller.whenIdle()
  expect(told.slice(1).map(({ name, fields }) => [name, fields])).toEqual([
    ['verdict.found', { account: 'C1', status: 'succeeded', registrations: 1, lagMs: 4_300 }],
    ['verdict.received', { partnerId: 'partner_1', status: 'succeeded' }],
    [
      'registration.ended',
      { registrationId: 'reg_1', partnerId: 'partner_1', end: 'verdict', reason: null, ageMs: HOUR + 300 },
    ],
  ])
})
