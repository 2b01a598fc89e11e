import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { ClaimedMessage } from '../../../src/store/messages/message.ts'
import {
  type Claimed,
  FAIL,
  first,
  HOOK,
  LEASE_MS,
  type OpenStore,
  openStoreFixture,
  SUCCESS,
  WAITING,
} from '../../support/store.ts'

/** A row whose lease ran out and that a second worker has now. */
const openOvertaken = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  const { id } = await bench.register()
  const stale = first(await bench.claim())
  await bench.advance(LEASE_MS)
  const held = first(await bench.claim())
  return { bench, id, stale, held }
}
const openOvertakenMessage = async (open: OpenStore) => {
  const bench = await openStoreFixture(open)
  const { id } = await bench.resolve()
  const stale = first(await bench.claimMessages())
  await bench.advance(LEASE_MS)
  const held = first(await bench.claimMessages())
  return { bench, id, stale, held }
}

export const describeFencing = (open: OpenStore): void => {
  test('drops the step of a claim that no longer holds', async () => {
    const { bench, id, stale, held } = await openOvertaken(open)
    await using _ = bench
    await bench.store.settleVerifications([bench.answered(stale, { kind: 'invalid_id', code: 4060 })])
    expect(await bench.find(id)).toMatchObject({ polls: 0 })
    expect(await bench.claim()).toEqual([])
    await bench.store.settleVerifications([bench.answered(held, WAITING)])
    expect(await bench.find(id)).toMatchObject({ polls: 1 })
  })

  test('counts a first verdict, whoever brings it', async () => {
    const { bench, id, stale, held } = await openOvertaken(open)
    await using _ = bench
    await bench.store.settleVerifications([bench.answered(stale, SUCCESS)])
    expect(await bench.find(id)).toMatchObject({ status: 'succeeded', nextPollAt: null })
    await bench.store.settleVerifications([bench.answered(held, WAITING)])
    expect(await bench.find(id)).toMatchObject({ status: 'succeeded', nextPollAt: null })
    await bench.advance(HOUR)
    expect(await bench.claim()).toEqual([])
  })

  test('lets no second verdict replace the first, nor be told', async () => {
    const { bench, id, stale, held } = await openOvertaken(open)
    await using _ = bench
    await bench.store.settleVerifications([bench.answered(held, FAIL), bench.answered(stale, SUCCESS)])
    expect(await bench.find(id)).toMatchObject({ status: 'failed', verdict: { status: 'FAIL' } })
    expect(await bench.claimMessages()).toHaveLength(1)
  })

  test('never ends a registration by a claim that no longer holds', async () => {
    const { bench, id, stale } = await openOvertaken(open)
    await using _ = bench
    const late = bench.answered(stale, WAITING)
    const step = { ...late.step, dueAt: null, ended: [{ registrationId: id, reason: 'expired' as const }] }
    await bench.store.settleVerifications([{ ...late, step }])
    expect(await bench.find(id)).toMatchObject({ status: 'pending' })
  })

  test('does not end one that joined during the call, and asks again for it', async () => {
    await using bench = await openStoreFixture(open)
    const old = await bench.register({ idcardid: '1', ttlMs: 0 })
    await bench.advance(HOUR)
    const claimed = first(await bench.claim())
    await bench.advance(1)
    const joined = await bench.register({ idcardid: '1', callbackUrl: `${HOOK}/2` })
    await bench.store.settleVerifications([bench.answered(claimed, WAITING)])
    expect([(await bench.find(old.id)).status, (await bench.find(joined.id)).status]).toEqual(['unresolved', 'pending'])
    expect(await bench.claim()).toHaveLength(1)
  })

  test('records an attempt whose claim no longer holds, and leaves the message to who has it', async () => {
    const { bench, id, stale, held } = await openOvertakenMessage(open)
    await using _ = bench
    await bench.store.settleMessages([bench.received(stale, 500)])
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
    expect(await bench.claimMessages()).toEqual([])
    await bench.store.settleMessages([bench.received(held, 200)])
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
  })

  test('does not send again what was delivered, because a later attempt failed', async () => {
    const { bench, id, stale, held } = await openOvertakenMessage(open)
    await using _ = bench
    await bench.store.settleMessages([bench.received(stale, 200)])
    await bench.store.settleMessages([bench.received(held, 500)])
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
    await bench.advance(24 * HOUR)
    expect(await bench.claimMessages()).toEqual([])
  })

  test('answers in one batch about one verification count as if told one by one', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const { id: joined } = await bench.register({ idcardid: (await bench.find(id)).idcardid, callbackUrl: `${HOOK}/2` })
    const stale = first(await bench.claim())
    await bench.advance(LEASE_MS)
    const held = first(await bench.claim())
    const outcomes = await bench.store.settleVerifications([
      bench.answered(stale, WAITING),
      bench.answered(held, WAITING),
      bench.answered(held, FAIL),
      bench.answered(stale, SUCCESS),
      bench.answered(stale, FAIL),
    ])
    expect(outcomes.map(outcome => outcome?.ended.map(({ registrationId }) => registrationId) ?? null)).toEqual([
      ...[null, null, null],
      [id, joined],
      null,
    ])
    expect(outcomes[3]?.verdict).toEqual({ previousPollAt: bench.store.now() })
    expect(await bench.find(id)).toMatchObject({ status: 'succeeded', polls: 2, nextPollAt: null })
    expect(await bench.claimMessages()).toHaveLength(2)
  })

  test('answers in one batch that change one account change it one after the other', async () => {
    await using bench = await openStoreFixture(open)
    await bench.store.register(Array.from({ length: 3 }, () => bench.newRegistration()))
    const [one, two, three] = (await bench.claim()) as [Claimed, Claimed, Claimed]
    const now = bench.store.now()
    const paused = { kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + MINUTE } as const
    const frozen = { kind: 'account', code: 4050, fault: 'frozen' } as const
    await bench.store.settleVerifications([
      bench.answered(one, frozen, paused),
      bench.answered(two, WAITING, { kind: 'resume', rampRate: 1, rampAt: now }),
      bench.answered(three, frozen, { ...paused, probeAt: now + 2 * MINUTE }),
    ])
    expect(await bench.store.findAccount(bench.account.id)).toMatchObject({ pausedAt: now, pauseReason: 'frozen' })
    await bench.advance(MINUTE)
    expect((await bench.claimWith()).nextAt).toBe(now + 2 * MINUTE)
  })

  test('counts a settlement of a verification once, however often it is told', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const settlement = bench.answered(first(await bench.claim()), WAITING)
    await bench.store.settleVerifications([settlement, settlement])
    await bench.store.settleVerifications([settlement])
    expect(await bench.find(id)).toMatchObject({ polls: 1 })
  })

  test('counts an attempt once, however often it is told', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    const failed = bench.received(first(await bench.claimMessages()), null)
    await bench.store.settleMessages([failed, failed])
    await bench.advance(HOUR)
    const held = first(await bench.claimMessages())
    await bench.store.settleMessages([failed])
    await bench.store.settleMessages([bench.received(held, 500)])
    expect((await bench.find(id)).delivery).toMatchObject({ attempts: 2 })
    expect(await bench.store.listAttempts(bench.partnerId, id)).toHaveLength(2)
  })

  // After a fail-over that lost commits, PostgreSQL gives out numbers again.
  test('writes no answer, and no attempt, to a row that has the number of another', async () => {
    await using bench = await openStoreFixture(open)
    const [{ id }, { id: otherId }] = [await bench.resolve(), await bench.resolve()]
    const [message, other] = (await bench.claimMessages()) as [ClaimedMessage, ClaimedMessage]
    const moved = { ...message, seq: other.seq, claim: other.claim }
    expect(await bench.store.settleMessages([bench.received(moved, 200)])).toEqual([null])
    expect((await bench.find(otherId)).delivery).toMatchObject({ state: 'pending', attempts: 0 })
    expect((await bench.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })

    const waits = await bench.register()
    const [{ account, verification }] = (await bench.claim()) as [Claimed]
    const others = [
      { account, verification: { ...verification, idcardid: '999' } },
      { account: { ...account, id: bench.newId('acc') }, verification },
    ]
    const settlements = others.map(one => bench.answered(one, SUCCESS))
    expect(await bench.store.settleVerifications(settlements)).toEqual([null, null])
    expect(await bench.find(waits.id)).toMatchObject({ status: 'pending', polls: 0 })
    await bench.store.settleVerifications([bench.answered({ account, verification }, SUCCESS)])
    expect(await bench.find(waits.id)).toMatchObject({ status: 'succeeded' })
  })
}
