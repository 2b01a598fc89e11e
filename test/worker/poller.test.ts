import { expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { HOUR, SECOND } from '../../src/core/duration.ts'
import type { ClaimedVerification, VerificationClaim } from '../../src/store/store.ts'
import { createPoller } from '../../src/worker/poller.ts'
import { ACCOUNT } from '../support/claimed-account.ts'
import { POLICY, WAITING } from '../support/store.ts'

const CONCURRENCY = 2
const FROZEN: Answer = { kind: 'account', code: 4050, fault: 'frozen' }

const verificationOf = (id: number): ClaimedVerification => ({
  id,
  claim: 1,
  partnerId: `partner_${id}`,
  idcardid: String(id),
  dueAt: 7,
  polls: 0,
  nudgedAt: 0,
  lastPolledAt: null,
  failures: 0,
  invalidIds: 0,
  goneChecks: 0,
  seen: false,
  waiting: [{ id: `reg_${id}`, createdAt: 0, expiresAt: HOUR }],
})

/** A poller whose store hands out what it is told to, and whose upstream answers when it is told to. */
const openScene = () => {
  const asked = new Map<string, (answer: Answer) => void>()
  const claims: VerificationClaim[] = []
  let due: ClaimedVerification[] = []
  let isRecorded = Promise.withResolvers<void>()
  const poller = createPoller({
    store: {
      now: () => 0,
      claimVerifications: async claim => {
        claims.push(claim)
        const verifications = due
        due = []
        return { claims: verifications.length > 0 ? [{ account: ACCOUNT, verifications }] : [], nextAt: null }
      },
      settleVerifications: async settlements => {
        if (settlements.some(({ account }) => account !== null)) await isRecorded.promise
      },
    },
    upstream: { ask: (_, idcardid) => new Promise(resolve => asked.set(idcardid, resolve)) },
    sandbox: null,
    policy: POLICY,
    plan: null,
    concurrency: CONCURRENCY,
    timeoutMs: SECOND,
    random: () => 0,
    onLookup: () => {},
    emit: () => {},
  })
  const hand = (...ids: number[]) => {
    due = ids.map(verificationOf)
    poller.ring()
  }
  const answer = (id: number, what: Answer) => {
    asked.get(String(id))?.(what)
    asked.delete(String(id))
  }
  return {
    poller,
    claims,
    hand,
    answer,
    inFlight: () => [...asked.keys()].map(Number),
    record: () => {
      isRecorded.resolve()
      isRecorded = Promise.withResolvers()
    },
  }
}

test('a call that has ended leaves its place to the next one', async () => {
  const { poller, hand, answer, inFlight, claims } = openScene()
  hand(1, 2)
  await expect.poll(inFlight).toEqual([1, 2])
  const before = claims.length
  answer(1, WAITING)
  await expect.poll(() => claims.length).toBeGreaterThan(before)
  expect(claims[before]).toMatchObject({ busy: new Map([['acc_1', 1]]), concurrency: CONCURRENCY })
  answer(2, WAITING)
  await poller.stop()
  expect(claims.at(-1)?.busy).toEqual(new Map())
})

test('an account is not asked again until what an answer has changed about it is recorded', async () => {
  const { poller, hand, answer, inFlight, claims, record } = openScene()
  hand(1)
  await expect.poll(inFlight).toEqual([1])
  answer(1, FROZEN)
  await expect.poll(inFlight).toEqual([])
  const before = claims.length
  poller.ring()
  await expect.poll(() => claims.length).toBe(before + 1)
  expect(claims.at(-1)?.busy).toEqual(new Map([['acc_1', CONCURRENCY]]))
  record()
  await expect.poll(() => claims.length).toBe(before + 2)
  expect(claims.at(-1)?.busy).toEqual(new Map())
  await poller.stop()
})
