import { expect } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { ClaimedMessage } from '../../../src/store/messages/message.ts'
import { type Claimed, FAIL, first, HOOK, LEASE_MS, type StoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** A row whose lease ran out and that a second worker has now. */
const overtake = async (scene: StoreFixture) => {
  const { id } = await scene.register()
  const stale = first(await scene.claim())
  await scene.advance(LEASE_MS)
  const held = first(await scene.claim())
  return { id, stale, held }
}
const overtakeMessage = async (scene: StoreFixture) => {
  const { id } = await scene.resolve()
  const stale = first(await scene.claimMessages())
  await scene.advance(LEASE_MS)
  const held = first(await scene.claimMessages())
  return { id, stale, held }
}

export const describeFencing = (test: StoreTest): void => {
  test('drops the step of a claim that no longer holds', async ({ scene, store }) => {
    const { id, stale, held } = await overtake(scene)
    await store.settleVerifications([scene.answered(stale, { kind: 'invalid_id', code: 4060 })])
    expect(await scene.find(id)).toMatchObject({ polls: 0 })
    expect(await scene.claim()).toEqual([])
    await store.settleVerifications([scene.answered(held, WAITING)])
    expect(await scene.find(id)).toMatchObject({ polls: 1 })
  })

  test('counts a first verdict from any claim', async ({ scene, store }) => {
    const { id, stale, held } = await overtake(scene)
    await store.settleVerifications([scene.answered(stale, SUCCESS)])
    expect(await scene.find(id)).toMatchObject({ status: 'succeeded', nextPollAt: null })
    await store.settleVerifications([scene.answered(held, WAITING)])
    expect(await scene.find(id)).toMatchObject({ status: 'succeeded', nextPollAt: null })
    await scene.advance(HOUR)
    expect(await scene.claim()).toEqual([])
  })

  test('lets no second verdict replace the first, nor be sent', async ({ scene, store }) => {
    const { id, stale, held } = await overtake(scene)
    await store.settleVerifications([scene.answered(held, FAIL), scene.answered(stale, SUCCESS)])
    expect(await scene.find(id)).toMatchObject({ status: 'failed', verdict: { status: 'FAIL' } })
    expect(await scene.claimMessages()).toHaveLength(1)
  })

  test('never ends a registration by a claim that no longer holds', async ({ scene, store }) => {
    const { id, stale } = await overtake(scene)
    const late = scene.answered(stale, WAITING)
    const step = { ...late.step, dueAt: null, ended: [{ registrationId: id, reason: 'expired' as const }] }
    await store.settleVerifications([{ ...late, step }])
    expect(await scene.find(id)).toMatchObject({ status: 'pending' })
  })

  test('does not end one that joined during the call, and asks again for it', async ({ scene, store }) => {
    const old = await scene.register({ idcardid: '1', ttlMs: 0 })
    await scene.advance(HOUR)
    const claimed = first(await scene.claim())
    await scene.advance(1)
    const joined = await scene.register({ idcardid: '1', callbackUrl: `${HOOK}/2` })
    await store.settleVerifications([scene.answered(claimed, WAITING)])
    expect([(await scene.find(old.id)).status, (await scene.find(joined.id)).status]).toEqual(['unresolved', 'pending'])
    expect(await scene.claim()).toHaveLength(1)
  })

  test('records an attempt with a lost claim, and leaves the message to the new claim', async ({ scene }) => {
    const { id, stale, held } = await overtakeMessage(scene)
    await scene.store.settleMessages([scene.received(stale, 500)])
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 1 })
    expect(await scene.claimMessages()).toEqual([])
    await scene.store.settleMessages([scene.received(held, 200)])
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
  })

  test('does not resend a delivered message when a later attempt failed', async ({ scene, store }) => {
    const { id, stale, held } = await overtakeMessage(scene)
    await store.settleMessages([scene.received(stale, 200)])
    await store.settleMessages([scene.received(held, 500)])
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 2 })
    await scene.advance(24 * HOUR)
    expect(await scene.claimMessages()).toEqual([])
  })

  test('answers in one batch for one verification count as if settled singly', async ({ scene, store }) => {
    const { id } = await scene.register()
    const { id: joined } = await scene.register({ idcardid: (await scene.find(id)).idcardid, callbackUrl: `${HOOK}/2` })
    const stale = first(await scene.claim())
    await scene.advance(LEASE_MS)
    const held = first(await scene.claim())
    const outcomes = await store.settleVerifications([
      scene.answered(stale, WAITING),
      scene.answered(held, WAITING),
      scene.answered(held, FAIL),
      scene.answered(stale, SUCCESS),
      scene.answered(stale, FAIL),
    ])
    expect(outcomes.map(outcome => outcome?.ended.map(({ registrationId }) => registrationId) ?? null)).toEqual([
      ...[null, null, null],
      [id, joined],
      null,
    ])
    expect(outcomes[3]?.verdict).toEqual({ previousPollAt: store.now() })
    expect(await scene.find(id)).toMatchObject({ status: 'succeeded', polls: 2, nextPollAt: null })
    expect(await scene.claimMessages()).toHaveLength(2)
  })

  test('answers in one batch that change one account change it one after the other', async ({ scene, store }) => {
    await store.register(Array.from({ length: 3 }, () => scene.newRegistration()))
    const [one, two, three] = (await scene.claim()) as [Claimed, Claimed, Claimed]
    const now = store.now()
    const paused = { kind: 'pause', reason: 'frozen', code: 4050, probes: 1, probeAt: now + MINUTE } as const
    const frozen = { kind: 'account', code: 4050, fault: 'frozen' } as const
    await store.settleVerifications([
      scene.answered(one, frozen, paused),
      scene.answered(two, WAITING, { kind: 'resume', rampRate: 1, rampAt: now }),
      scene.answered(three, frozen, { ...paused, probeAt: now + 2 * MINUTE }),
    ])
    expect(await store.findAccount(scene.account.id)).toMatchObject({ pausedAt: now, pauseReason: 'frozen' })
    await scene.advance(MINUTE)
    expect((await scene.claimWith()).nextAt).toBe(now + 2 * MINUTE)
  })

  test('counts a repeated settlement of a verification once', async ({ scene, store }) => {
    const { id } = await scene.register()
    const settlement = scene.answered(first(await scene.claim()), WAITING)
    await store.settleVerifications([settlement, settlement])
    await store.settleVerifications([settlement])
    expect(await scene.find(id)).toMatchObject({ polls: 1 })
  })

  test('counts a repeated attempt once', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    const failed = scene.received(first(await scene.claimMessages()), null)
    await store.settleMessages([failed, failed])
    await scene.advance(HOUR)
    const held = first(await scene.claimMessages())
    await store.settleMessages([failed])
    await store.settleMessages([scene.received(held, 500)])
    expect((await scene.find(id)).delivery).toMatchObject({ attempts: 2 })
    expect(await store.listAttempts(partnerId, id)).toHaveLength(2)
  })

  // After a fail-over that lost commits, PostgreSQL gives out numbers again.
  test('writes no answer, and no attempt, to a row that has the number of another', async ({ scene, store }) => {
    const [{ id }, { id: otherId }] = [await scene.resolve(), await scene.resolve()]
    const [message, other] = (await scene.claimMessages()) as [ClaimedMessage, ClaimedMessage]
    const moved = { ...message, seq: other.seq, claim: other.claim }
    expect(await store.settleMessages([scene.received(moved, 200)])).toEqual([null])
    expect((await scene.find(otherId)).delivery).toMatchObject({ state: 'pending', attempts: 0 })
    expect((await scene.find(id)).delivery).toMatchObject({ state: 'pending', attempts: 0 })

    const waits = await scene.register()
    const [{ account, verification }] = (await scene.claim()) as [Claimed]
    const others = [
      { account, verification: { ...verification, idcardid: '999' } },
      { account: { ...account, id: scene.newId('acc') }, verification },
    ]
    const settlements = others.map(one => scene.answered(one, SUCCESS))
    expect(await store.settleVerifications(settlements)).toEqual([null, null])
    expect(await scene.find(waits.id)).toMatchObject({ status: 'pending', polls: 0 })
    await store.settleVerifications([scene.answered({ account, verification }, SUCCESS)])
    expect(await scene.find(waits.id)).toMatchObject({ status: 'succeeded' })
  })
}
