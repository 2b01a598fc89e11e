import { expect, test } from 'vitest'
import type { Answer } from '../../src/core/answer.ts'
import { HOUR, SECOND } from '../../src/core/duration.ts'
import type { ClaimedVerification, VerificationClaim } from '../../src/store/store.ts'
import { createLog } from '../../src/telemetry/log.ts'
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
  const clock = { now: 0 }
  const asked = new Map<string, (answer: Answer) => void>()
  const released: number[] = []
  const settled: number[] = []
  const claims: VerificationClaim[] = []
  let due: ClaimedVerification[] = []
  let isRecorded = Promise.withResolvers<void>()
  const poller = createPoller({
    store: {
      now: () => clock.now,
      claimVerifications: async claim => {
        claims.push(claim)
        const verifications = due
        due = []
        return { claims: verifications.length > 0 ? [{ account: ACCOUNT, verifications }] : [], nextAt: null }
      },
      releaseVerifications: async given => {
        for (const { id, claim, dueAt } of given) {
          expect({ claim, dueAt }).toEqual({ claim: 1, dueAt: 7 })
          released.push(id)
        }
      },
      settleVerifications: async settlements => {
        if (settlements.some(({ account }) => account !== null)) await isRecorded.promise
        settled.push(...settlements.map(({ id }) => id))
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
    log: createLog({ level: 'silent' }),
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
    clock,
    claims,
    released,
    settled,
    hand,
    answer,
    inFlight: () => [...asked.keys()].map(Number),
    record: () => {
      isRecorded.resolve()
      isRecorded = Promise.withResolvers()
    },
  }
}

test('what was claimed beyond the calls in flight goes out as these end, first come first served', async () => {
  const { poller, hand, answer, inFlight, settled } = openScene()
  hand(1, 2, 3, 4)
  await expect.poll(inFlight).toEqual([1, 2])
  answer(2, WAITING)
  await expect.poll(inFlight).toEqual([1, 3])
  answer(1, WAITING)
  await expect.poll(inFlight).toEqual([3, 4])
  for (const id of [3, 4]) answer(id, WAITING)
  await poller.stop()
  expect(settled.toSorted()).toEqual([1, 2, 3, 4])
})

test('as many are claimed ahead as calls have lately ended', async () => {
  const { poller, hand, answer, inFlight, claims } = openScene()
  hand(1, 2, 3)
  await expect.poll(inFlight).toEqual([1, 2])
  expect(claims.at(-1)).toMatchObject({ concurrency: CONCURRENCY, ahead: new Map() })
  const before = claims.length
  for (const id of [1, 2]) answer(id, WAITING)
  await expect.poll(() => claims.length).toBeGreaterThan(before)
  expect(claims[before]).toMatchObject({ busy: new Map([['acc_1', 1]]), ahead: new Map([['acc_1', 2]]) })
  answer(3, WAITING)
  await poller.stop()
})

test('an answer about the account has what waits for it go back, also what is claimed before that is recorded', async () => {
  const { poller, hand, answer, inFlight, released, claims, record } = openScene()
  hand(1, 2, 3, 4)
  await expect.poll(inFlight).toEqual([1, 2])
  answer(1, FROZEN)
  await expect.poll(() => released).toEqual([3, 4])
  hand(5)
  await expect.poll(() => released).toEqual([3, 4, 5])
  expect(claims.at(-1)?.busy.get('acc_1')).toBe(Number.POSITIVE_INFINITY)
  expect(inFlight()).toEqual([2])
  record()
  answer(2, WAITING)
  await expect.poll(inFlight).toEqual([])
  hand(6)
  await expect.poll(inFlight).toEqual([6])
  answer(6, WAITING)
  await poller.stop()
})

test('what is cancelled, disabled, or held back while it waits is not asked about', async () => {
  const { poller, hand, answer, inFlight, released } = openScene()
  hand(1, 2, 3, 4, 5, 6)
  await expect.poll(inFlight).toEqual([1, 2])
  poller.withdraw({ partnerId: 'partner_4', registrationId: 'reg_4' })
  await expect.poll(() => released).toEqual([4])
  poller.withdraw({ partnerId: 'partner_3', registrationId: null })
  await expect.poll(() => released).toEqual([4, 3])
  poller.holdBack('acc_other')
  poller.holdBack('acc_1')
  await expect.poll(() => released).toEqual([4, 3, 5, 6])
  for (const id of [1, 2]) answer(id, WAITING)
  await poller.stop()
  expect(inFlight()).toEqual([])
})

test('what has waited for a second goes back, and so does what waits when the service stops', async () => {
  const { poller, clock, hand, answer, inFlight, released, claims } = openScene()
  hand(1, 2, 3)
  await expect.poll(inFlight).toEqual([1, 2])
  clock.now = SECOND
  await expect.poll(() => released).toEqual([3])
  const before = claims.length
  hand(4)
  await expect.poll(() => claims.length).toBe(before + 1)
  await new Promise(resolve => setImmediate(resolve))
  const stopped = poller.stop()
  await expect.poll(() => released).toEqual([3, 4])
  for (const id of [1, 2]) answer(id, WAITING)
  await stopped
  expect(inFlight()).toEqual([])
})
