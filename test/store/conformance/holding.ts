import { describe, expect } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { ClaimedMessage, MessageSettlement } from '../../../src/store/messages/message.ts'
import { first, type StoreFixture } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** A message that is not sent: nobody may claim it now, or it has been claimed and is released, or cancelled. */
export const describeHolding = (test: StoreTest): void => {
  test('the daily message of a day is sent by one node, once, and again only if it was not accepted', async ({
    scene,
    store,
  }) => {
    const claims = await Promise.all([store.claimDaily('2026-12-02', MINUTE), store.claimDaily('2026-12-02', MINUTE)])
    expect(claims.toSorted()).toEqual([false, true])
    await scene.advance(MINUTE)
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(true)
    await store.settleDaily('2026-12-02')
    await scene.advance(MINUTE)
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(false)
    expect(await store.claimDaily('2026-12-03', MINUTE)).toBe(true)
    // A node whose day is the earlier one claims it no more, and a day far ahead was a wrong clock's.
    await store.settleDaily('2026-12-03')
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(false)
    await store.settleDaily('2027-12-03')
    expect(await store.claimDaily('2026-12-04', MINUTE)).toBe(true)
  })

  describe('while deliveries are held', () => {
    test('no message is claimed, checks go on, and all of them are claimed afterwards', async ({ scene }) => {
      await scene.store.holdDeliveries()
      const heldAt = scene.store.now()
      const { id } = await scene.resolve()
      expect(await scene.claimMessagesWith()).toEqual({ messages: [], secrets: new Map(), nextAt: null })
      await scene.advance(SECOND)
      await scene.store.holdDeliveries()
      expect(await scene.store.deliveriesHeldAt()).toBe(heldAt)
      expect(await scene.store.explain(scene.partnerId, id)).toMatchObject({ allHeldSince: heldAt, heldSince: null })
      expect(await scene.find(id)).toMatchObject({ status: 'succeeded', delivery: { state: 'pending', attempts: 0 } })

      let told = 0
      scene.store.hints.on('messagesDue', () => told++)
      await scene.store.resumeDeliveries()
      expect(told).toBe(1)
      expect(await scene.store.deliveriesHeldAt()).toBeNull()
      expect(await scene.store.explain(scene.partnerId, id)).toMatchObject({ allHeldSince: null })
      expect(await scene.claimMessages()).toMatchObject([{ registrationId: id, attempts: 0 }])
    })

    test('an attempt in flight is recorded', async ({ scene, store }) => {
      const { id } = await scene.resolve()
      const message = first(await scene.claimMessages())
      await store.holdDeliveries()
      await store.settleMessages([scene.received(message, 200)])
      expect((await scene.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 1 })
    })
  })

  describe('a message that is given back', () => {
    const givenBack = (scene: StoreFixture, message: ClaimedMessage): MessageSettlement => ({
      message,
      step: { state: 'pending', dueAt: scene.store.now() + SECOND, retries: message.retries, gone: false },
      attempt: null,
      hostSignal: null,
    })

    test('is due again when it says, as if nothing had been tried', async ({ scene, store, partnerId }) => {
      const { id } = await scene.resolve()
      const message = first(await scene.claimMessages())
      await store.settleMessages([givenBack(scene, message)])
      expect(await scene.claimMessages()).toEqual([])
      await scene.advance(SECOND)
      expect(await scene.claimMessages()).toMatchObject([
        { registrationId: id, attempts: 0, retries: 0, proven: false },
      ])
      expect(await store.listAttempts(partnerId, id)).toEqual([])
    })

    test('is explained as under way while it is claimed, then as not sent until an attempt is recorded, or it is resent', async ({
      scene,
    }) => {
      const { id } = await scene.resolve()
      const sending = async () => (await scene.store.explain(scene.partnerId, id))?.sending
      const giveBack = async () => {
        const message = first(await scene.claimMessages())
        expect(await sending()).toBe('under_way')
        await scene.store.settleMessages([givenBack(scene, message)])
      }
      expect(await sending()).toBeNull()
      await giveBack()
      expect(await sending()).toBe('not_sent')
      await scene.advance(SECOND)
      await scene.deliver(500)
      expect(await sending()).toBeNull()
      await scene.store.resend(scene.partnerId, id)
      expect(await sending()).toBeNull()
      await giveBack()
      expect(await sending()).toBe('not_sent')
    })
  })

  describe('webhooks to withdraw are signalled', () => {
    test('of a registration, before its cancelling is confirmed', async ({ scene, store, partnerId }) => {
      const { id } = await scene.resolve()
      const told: string[] = []
      store.hints.on('withdrawn', ({ registrationId }) => told.push(`cancelled ${registrationId}`))
      await store.cancel(partnerId, id, 'erase')
      told.push('confirmed')
      expect(told).toEqual([`cancelled ${id}`, 'confirmed'])
    })

    test('of a partner, before it is confirmed to be disabled', async ({ store, partnerId }) => {
      const told: unknown[] = []
      store.hints.on('withdrawn', what => told.push(what))
      await store.changePartner(partnerId, { name: 'renamed' })
      await store.changePartner(partnerId, { disabled: true })
      told.push('confirmed')
      expect(told).toEqual([{ partnerId, registrationId: null }, 'confirmed'])
    })
  })
}
