import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { ClaimedMessage, MessageSettlement } from '../../../src/store/messages/message.ts'
import { first, type OpenStore, openStoreFixture } from '../../support/store.ts'

type StoreFixture = Awaited<ReturnType<typeof openStoreFixture>>

/** A message that is not sent: nobody may claim it now, or it has been claimed and is released, or cancelled. */
export const describeHolding = (open: OpenStore): void => {
  test('the daily message of a day is sent by one node, once, and again only if it was not accepted', async () => {
    await using bench = await openStoreFixture(open)
    const { store } = bench
    const claims = await Promise.all([store.claimDaily('2026-12-02', MINUTE), store.claimDaily('2026-12-02', MINUTE)])
    expect(claims.toSorted()).toEqual([false, true])
    await bench.advance(MINUTE)
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(true)
    await store.settleDaily('2026-12-02')
    await bench.advance(MINUTE)
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(false)
    expect(await store.claimDaily('2026-12-03', MINUTE)).toBe(true)
    // A node whose day is the earlier one claims it no more, and a day far ahead was a wrong clock's.
    await store.settleDaily('2026-12-03')
    expect(await store.claimDaily('2026-12-02', MINUTE)).toBe(false)
    await store.settleDaily('2027-12-03')
    expect(await store.claimDaily('2026-12-04', MINUTE)).toBe(true)
  })

  describe('while deliveries are held', () => {
    test('no message is claimed, checks go on, and all of them are claimed afterwards', async () => {
      await using bench = await openStoreFixture(open)
      await bench.store.holdDeliveries()
      const heldAt = bench.store.now()
      const { id } = await bench.resolve()
      expect(await bench.claimMessagesWith()).toEqual({ messages: [], secrets: new Map(), nextAt: null })
      await bench.advance(SECOND)
      await bench.store.holdDeliveries()
      expect(await bench.store.deliveriesHeldAt()).toBe(heldAt)
      expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ allHeldSince: heldAt, heldSince: null })
      expect(await bench.find(id)).toMatchObject({ status: 'succeeded', delivery: { state: 'pending', attempts: 0 } })

      let told = 0
      bench.store.hints.on('messagesDue', () => told++)
      await bench.store.resumeDeliveries()
      expect(told).toBe(1)
      expect(await bench.store.deliveriesHeldAt()).toBeNull()
      expect(await bench.store.explain(bench.partnerId, id)).toMatchObject({ allHeldSince: null })
      expect(await bench.claimMessages()).toMatchObject([{ registrationId: id, attempts: 0 }])
    })

    test('what is claimed already is recorded', async () => {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.resolve()
      const message = first(await bench.claimMessages())
      await bench.store.holdDeliveries()
      await bench.store.settleMessages([bench.received(message, 200)])
      expect((await bench.find(id)).delivery).toMatchObject({ state: 'delivered', attempts: 1 })
    })
  })

  describe('a message that is given back', () => {
    const givenBack = (bench: StoreFixture, message: ClaimedMessage): MessageSettlement => ({
      message,
      step: { state: 'pending', dueAt: bench.store.now() + SECOND, retries: message.retries, gone: false },
      attempt: null,
      hostSignal: null,
    })

    test('is due again when it says, as if nothing had been tried', async () => {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.resolve()
      const message = first(await bench.claimMessages())
      await bench.store.settleMessages([givenBack(bench, message)])
      expect(await bench.claimMessages()).toEqual([])
      await bench.advance(SECOND)
      expect(await bench.claimMessages()).toMatchObject([
        { registrationId: id, attempts: 0, retries: 0, proven: false },
      ])
      expect(await bench.store.listAttempts(bench.partnerId, id)).toEqual([])
    })

    test('is explained as under way while it is claimed, then as not sent until an attempt is recorded, or it is resent', async () => {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.resolve()
      const sending = async () => (await bench.store.explain(bench.partnerId, id))?.sending
      const giveBack = async () => {
        const message = first(await bench.claimMessages())
        expect(await sending()).toBe('under_way')
        await bench.store.settleMessages([givenBack(bench, message)])
      }
      expect(await sending()).toBeNull()
      await giveBack()
      expect(await sending()).toBe('not_sent')
      await bench.advance(SECOND)
      await bench.deliver(500)
      expect(await sending()).toBeNull()
      await bench.store.resend(bench.partnerId, id)
      expect(await sending()).toBeNull()
      await giveBack()
      expect(await sending()).toBe('not_sent')
    })
  })

  describe('what must not be sent any more is told', () => {
    test('of a registration, before its cancelling is confirmed', async () => {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.resolve()
      const told: string[] = []
      bench.store.hints.on('withdrawn', ({ registrationId }) => told.push(`cancelled ${registrationId}`))
      await bench.store.cancel(bench.partnerId, id, 'erase')
      told.push('confirmed')
      expect(told).toEqual([`cancelled ${id}`, 'confirmed'])
    })

    test('of a partner, before it is confirmed to be disabled', async () => {
      await using bench = await openStoreFixture(open)
      const told: unknown[] = []
      bench.store.hints.on('withdrawn', what => told.push(what))
      await bench.store.changePartner(bench.partnerId, { name: 'renamed' })
      await bench.store.changePartner(bench.partnerId, { disabled: true })
      told.push('confirmed')
      expect(told).toEqual([{ partnerId: bench.partnerId, registrationId: null }, 'confirmed'])
    })
  })
}
