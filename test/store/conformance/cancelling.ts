import { expect } from 'vitest'
import { HOUR } from '../../../src/core/duration.ts'
import { first, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const OTHER = 'https://partner.example/other'

export const describeCancelling = (test: StoreTest): void => {
  test('ends a registration: no more polls, no webhook', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register()
    const cancelled = await store.cancel(partnerId, id)
    expect(cancelled).toMatchObject({ isNew: true, stopsMessage: false })
    expect(cancelled?.registration).toMatchObject({
      status: 'cancelled',
      reason: null,
      nextPollAt: null,
      resolvedAt: store.now(),
      delivery: { messageId: null, state: 'exhausted', attempts: 0, nextAttemptAt: null },
    })
    expect(await scene.find(id)).toEqual(cancelled?.registration)
    await scene.advance(HOUR)
    expect((await scene.claimWith()).nextAt).toBeNull()
  })

  test('during a call, discards the answer of that call', async ({ open }) => {
    for (const answer of [WAITING, SUCCESS]) {
      await using scene = await openStoreFixture(open)
      const { id } = await scene.register()
      const claimed = first(await scene.claim())
      await scene.store.cancel(scene.partnerId, id)
      await scene.store.settleVerifications([scene.answered(claimed, answer)])
      expect(await scene.find(id)).toMatchObject({ status: 'cancelled', verdict: null, nextPollAt: null })
      await scene.advance(HOUR)
      expect(await scene.claim()).toEqual([])
      expect(await scene.claimMessages()).toEqual([])
    }
  })

  test('erasing after the verdict stops the retries', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    await scene.deliver(500)
    const cancelled = await store.cancel(partnerId, id, 'erase')
    expect(cancelled).toMatchObject({ isNew: true, stopsMessage: true })
    expect(cancelled?.registration).toMatchObject({
      status: 'cancelled',
      verdict: null,
      delivery: { state: 'exhausted', attempts: 1, nextAttemptAt: null },
    })
    await scene.advance(24 * HOUR)
    expect(await scene.claimMessages()).toEqual([])
  })

  test('after the end changes nothing, and withdraws no webhook under way', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve({ metadata: { order: '42' } })
    const before = await scene.find(id)
    const message = first(await scene.claimMessages())
    const hints: unknown[] = []
    store.hints.on('withdrawn', one => hints.push(one))
    expect(await store.cancel(partnerId, id)).toMatchObject({
      registration: { status: 'succeeded' },
      isNew: false,
      stopsMessage: false,
    })
    expect(hints).toEqual([])
    await store.settleMessages([scene.received(message, 200)])
    expect(await scene.find(id)).toEqual({
      ...before,
      delivery: { ...before.delivery, state: 'delivered', attempts: 1, nextAttemptAt: null },
    })
  })

  test('erasing during an attempt records how it ended, and schedules no other', async ({ open }) => {
    for (const status of [200, 500]) {
      await using scene = await openStoreFixture(open)
      const { id } = await scene.resolve()
      const message = first(await scene.claimMessages())
      await scene.store.cancel(scene.partnerId, id, 'erase')
      await scene.store.settleMessages([scene.received(message, status)])
      expect((await scene.find(id)).delivery).toMatchObject({ state: 'exhausted', attempts: 1 })
      expect(await scene.store.listAttempts(scene.partnerId, id)).toHaveLength(1)
      await scene.advance(24 * HOUR)
      expect(await scene.claimMessages()).toEqual([])
    }
  })

  test('lets the pair be registered anew, and asks anew', async ({ scene, store, partnerId }) => {
    const old = await scene.register({ idcardid: '1' })
    await store.cancel(partnerId, old.id)
    const anew = await scene.register({ idcardid: '1' })
    expect(anew.id).not.toBe(old.id)
    expect(await scene.poll(SUCCESS)).toBe(1)
    expect(await scene.find(anew.id)).toMatchObject({ status: 'succeeded' })
    expect(await scene.find(old.id)).toMatchObject({ status: 'cancelled' })
  })

  test('erases the data: metadata, result, text of its webhook, response of the receiver', async ({ scene }) => {
    const { id } = await scene.resolve({ idcardid: '1', metadata: { order: '42' } })
    await scene.deliver(500)
    const events = () => scene.store.listEvents(scene.partnerId, { after: null, limit: 1 })
    expect(await events()).toMatchObject({ events: [{ registrationId: id }] })
    await scene.store.cancel(scene.partnerId, id, 'erase')
    expect(await events()).toMatchObject({ events: [], scanned: 1 })
    expect(await scene.find(id)).toMatchObject({ metadata: {}, verdict: null })
    expect(await scene.store.listAttempts(scene.partnerId, id)).toMatchObject([{ responseExcerpt: null }])
    expect(await scene.register({ idcardid: '1' })).toMatchObject({ status: 'pending', verdict: null })
  })

  test('erasing one of two leaves the other its verdict', async ({ scene, store, partnerId }) => {
    const one = await scene.register({ idcardid: '1' })
    const two = await scene.register({ idcardid: '1', callbackUrl: OTHER })
    await scene.poll(SUCCESS)
    const before = await scene.find(two.id)
    await store.cancel(partnerId, one.id, 'erase')
    expect(before).toMatchObject({ status: 'succeeded' })
    expect(await scene.find(two.id)).toEqual(before)
  })

  test('notifies listeners of its ending', async ({ scene, store, partnerId }) => {
    const { id } = await scene.register()
    const told: unknown[] = []
    store.hints.on('resolved', ids => told.push(ids))
    await store.cancel(partnerId, id)
    expect(told).toEqual([[id]])
  })

  test('of one of two goes on asking for the other', async ({ scene, store, partnerId }) => {
    const one = await scene.register({ idcardid: '1' })
    const two = await scene.register({ idcardid: '1', callbackUrl: OTHER })
    const claimed = first(await scene.claim())
    await store.cancel(partnerId, one.id)
    await store.settleVerifications([scene.answered(claimed, SUCCESS)])
    expect(await scene.claimedIds()).toEqual([two.id])
  })

  test('after the webhook has arrived stops nothing, and leaves it delivered', async ({ scene, store, partnerId }) => {
    const { id } = await scene.resolve()
    await scene.deliver(200)
    expect(await store.cancel(partnerId, id, 'erase')).toMatchObject({ isNew: true, stopsMessage: false })
    expect(await scene.find(id)).toMatchObject({ status: 'cancelled', delivery: { state: 'delivered' } })
  })
}
