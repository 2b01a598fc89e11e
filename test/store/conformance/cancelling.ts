import { expect, test } from 'vitest'
import { HOUR } from '../../../src/core/duration.ts'
import { first, type OpenStore, openStoreFixture, SUCCESS, WAITING } from '../../support/store.ts'

export const describeCancelling = (open: OpenStore): void => {
  test('ends a registration: no more polls, no webhook', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const cancelled = await bench.store.cancel(bench.partnerId, id)
    expect(cancelled).toMatchObject({ isNew: true, stopsMessage: false })
    expect(cancelled?.registration).toMatchObject({
      status: 'cancelled',
      reason: null,
      nextPollAt: null,
      resolvedAt: bench.store.now(),
      delivery: { messageId: null, state: 'exhausted', attempts: 0, nextAttemptAt: null },
    })
    expect(await bench.find(id)).toEqual(cancelled?.registration)
    await bench.advance(HOUR)
    expect((await bench.claimWith()).nextAt).toBeNull()
  })

  test('during a call, tells nobody what that call brings', async () => {
    for (const answer of [WAITING, SUCCESS]) {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.register()
      const claimed = first(await bench.claim())
      await bench.store.cancel(bench.partnerId, id)
      await bench.store.settleVerifications([bench.answered(claimed, answer)])
      expect(await bench.find(id)).toMatchObject({ status: 'cancelled', verdict: null, nextPollAt: null })
      await bench.advance(HOUR)
      expect(await bench.claim()).toEqual([])
      expect(await bench.claimMessages()).toEqual([])
    }
  })

  test('erasing after the verdict stops the retries', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    await bench.deliver(500)
    const cancelled = await bench.store.cancel(bench.partnerId, id, 'erase')
    expect(cancelled).toMatchObject({ isNew: true, stopsMessage: true })
    expect(cancelled?.registration).toMatchObject({
      status: 'cancelled',
      verdict: null,
      delivery: { state: 'exhausted', attempts: 1, nextAttemptAt: null },
    })
    await bench.advance(24 * HOUR)
    expect(await bench.claimMessages()).toEqual([])
  })

  test('after the end changes nothing, and withdraws no webhook under way', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve({ metadata: { order: '42' } })
    const before = await bench.find(id)
    const message = first(await bench.claimMessages())
    const hints: unknown[] = []
    bench.store.hints.on('withdrawn', one => hints.push(one))
    expect(await bench.store.cancel(bench.partnerId, id)).toMatchObject({
      registration: { status: 'succeeded' },
      isNew: false,
      stopsMessage: false,
    })
    expect(hints).toEqual([])
    await bench.store.settleMessages([bench.received(message, 200)])
    expect(await bench.find(id)).toEqual({
      ...before,
      delivery: { ...before.delivery, state: 'delivered', attempts: 1, nextAttemptAt: null },
    })
  })

  test('erasing during an attempt records how it ended, and schedules no other', async () => {
    for (const status of [200, 500]) {
      await using bench = await openStoreFixture(open)
      const { id } = await bench.resolve()
      const message = first(await bench.claimMessages())
      await bench.store.cancel(bench.partnerId, id, 'erase')
      await bench.store.settleMessages([bench.received(message, status)])
      expect((await bench.find(id)).delivery).toMatchObject({ state: 'exhausted', attempts: 1 })
      expect(await bench.store.listAttempts(bench.partnerId, id)).toHaveLength(1)
      await bench.advance(24 * HOUR)
      expect(await bench.claimMessages()).toEqual([])
    }
  })

  test('lets the pair be registered anew, and asks anew', async () => {
    await using bench = await openStoreFixture(open)
    const old = await bench.register({ idcardid: '1' })
    await bench.store.cancel(bench.partnerId, old.id)
    const anew = await bench.register({ idcardid: '1' })
    expect(anew.id).not.toBe(old.id)
    expect(await bench.poll(SUCCESS)).toBe(1)
    expect(await bench.find(anew.id)).toMatchObject({ status: 'succeeded' })
    expect(await bench.find(old.id)).toMatchObject({ status: 'cancelled' })
  })

  test('erases what was known: the metadata, the result, the text of its webhook, what the receiver said', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve({ idcardid: '1', metadata: { order: '42' } })
    await bench.deliver(500)
    const events = () => bench.store.listEvents(bench.partnerId, { after: null, limit: 1 })
    expect(await events()).toMatchObject({ events: [{ registrationId: id }] })
    await bench.store.cancel(bench.partnerId, id, 'erase')
    expect(await events()).toMatchObject({ events: [], scanned: 1 })
    expect(await bench.find(id)).toMatchObject({ metadata: {}, verdict: null })
    expect(await bench.store.listAttempts(bench.partnerId, id)).toMatchObject([{ responseExcerpt: null }])
    expect(await bench.register({ idcardid: '1' })).toMatchObject({ status: 'pending', verdict: null })
  })

  test('tells who waits for the registration', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const told: unknown[] = []
    bench.store.hints.on('resolved', ids => told.push(ids))
    await bench.store.cancel(bench.partnerId, id)
    expect(told).toEqual([[id]])
  })

  test('of one of two goes on asking for the other', async () => {
    await using bench = await openStoreFixture(open)
    const one = await bench.register({ idcardid: '1' })
    const two = await bench.register({ idcardid: '1', callbackUrl: 'https://partner.example/other' })
    const claimed = first(await bench.claim())
    await bench.store.cancel(bench.partnerId, one.id)
    await bench.store.settleVerifications([bench.answered(claimed, SUCCESS)])
    expect((await bench.claimMessages()).map(message => message.registrationId)).toEqual([two.id])
  })

  test('after the webhook has arrived stops nothing, and leaves it delivered', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.resolve()
    await bench.deliver(200)
    expect(await bench.store.cancel(bench.partnerId, id, 'erase')).toMatchObject({ isNew: true, stopsMessage: false })
    expect(await bench.find(id)).toMatchObject({ status: 'cancelled', delivery: { state: 'delivered' } })
  })
}
