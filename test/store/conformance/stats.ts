import { expect } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { ALL_REGISTRATIONS } from '../../../src/store/registrations/filter.ts'
import { GIVEN_UP_MS } from '../../../src/store/stats/stats.ts'
import { SUCCESS, WAITING } from '../../support/store.ts'
import { emptyStats } from '../support/stats.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeStats = (test: StoreTest): void => {
  test('an empty store has nothing', async ({ scene, store }) => {
    const at = store.now()
    const account = { ...scene.account, rate: 1_000 }
    const stats = emptyStats(account, { at, firstPartnerAt: at, engine: expect.anything() })
    expect(await store.stats()).toEqual(stats)
  })

  test('counts polls that are due, and since when, claimed, and scheduled for later', async ({ scene }) => {
    const polls = async () => (await scene.store.stats()).polls
    await scene.register()
    const since = scene.store.now()
    await scene.advance(MINUTE)
    await scene.register()
    expect(await polls()).toMatchObject({ due: 2, leased: 0, scheduled: 0, oldestDueAt: since })
    // New ones go first.
    await scene.claim({ concurrency: 1 })
    expect(await polls()).toMatchObject({ due: 1, leased: 1, scheduled: 0, oldestDueAt: since })
    await scene.poll(WAITING)
    expect(await polls()).toMatchObject({ due: 0, leased: 1, scheduled: 1, oldestDueAt: null })
    const [account] = (await scene.store.stats()).accounts
    expect(account).toMatchObject({ id: scene.account.id, waiting: 2, leased: 1 })
  })

  test('names whose serials wait the most where polls are late', async ({ scene, store }) => {
    const most = async () => (await store.stats()).accounts.map(account => account.most)
    const [few, many, off] = [await scene.addPartner(), await scene.addPartner(), await scene.addPartner()]
    for (const [partnerId, count] of [
      [few, 1],
      [many, 3],
      [off, 9],
    ] as const)
      for (let n = 0; n < count; n++) await scene.register({ partnerId })
    await store.changePartner(off, { disabled: true })
    await scene.advance(2 * MINUTE)
    expect(await most()).toEqual([undefined])
    await scene.advance(1)
    expect(await most()).toEqual([{ partnerId: many, partnerName: expect.stringMatching(/^named_/), waiting: 3 }])
  })

  test('rows waiting while their partner was disabled counted as late since before', async ({ scene }) => {
    const oldest = async () => {
      const { polls, deliveries } = await scene.store.stats()
      return [polls.oldestDueAt, deliveries.oldestDueAt]
    }
    const [since, other] = [scene.store.now(), await scene.addPartner()]
    await scene.resolve()
    await scene.register()
    for (const disabled of [true, false, false]) {
      await scene.advance(HOUR)
      await scene.store.changePartner(scene.partnerId, { disabled })
    }
    // Enabling what is enabled changes nothing.
    expect(await oldest()).toEqual([since + 2 * HOUR, since + 2 * HOUR])
    await scene.store.changePartner(other, { disabled: true })
    await scene.store.changePartner(other, { disabled: false })
    expect(await oldest()).toEqual([since + 2 * HOUR, since + 2 * HOUR])
  })

  test('tells the rate that can be reached with the answers of the last minute, over all nodes', async ({ scene }) => {
    const { store } = scene
    const beat = (id: string, ms: number) =>
      store.beatNode({
        ...{ id, name: id, version: '1', settings: 's', roles: ['poll'], clockAheadMs: null },
        answers: { [scene.account.id]: { ms, calls: 4 } },
      })
    const account = async () => (await store.stats()).accounts[0]
    for (let n = 0; n < 64; n++) await scene.register()
    await beat('node_1', 8_000)
    expect(await account()).toMatchObject({ rateNow: 0.5, catchUpMs: 128 * SECOND, answers: { ms: 8_000, calls: 4 } })
    await beat('node_2', 2_000.6)
    expect(await account()).toMatchObject({ answers: { ms: 3_201, calls: 8 } })
    await beat('node_2', 2_000)
    expect(await account()).toMatchObject({ rateNow: 2.5, answers: { ms: 3_200, calls: 8 } })
    await beat('node_1', 1)
    await beat('node_2', 1)
    expect((await account())?.rateNow).toBe(1_000)
    await scene.advance(MINUTE)
    expect(await account()).toMatchObject({ rateNow: 1_000, answers: null })
  })

  test('counts sent, given-up and held webhooks over all partners', async ({ scene, store, partnerId }) => {
    const other = await scene.addPartner()
    await scene.resolve()
    await scene.deliver(200)
    for (let n = 0; n < 2; n++) await scene.resolve({ partnerId: other, callbackUrl: 'https://gone.example/' })
    await scene.deliver(410, { slots: 1 })
    await scene.deliver(200)
    const since = store.now()
    await scene.resolve()
    const pending = await scene.register()
    await store.cancel(partnerId, pending.id)
    expect(await store.stats()).toMatchObject({
      deliveries: { due: 1, scheduled: 0, leased: 0, held: 1, oldestDueAt: since },
      callbacks: { gone: 1 },
    })
  })

  test('names the disabled partners whose registrations or webhooks wait', async ({ scene, store }) => {
    const waits = async () => (await store.stats()).disabledPartners.map(({ id }) => id)
    const [asked, sent, idle] = [await scene.addPartner(), await scene.addPartner(), await scene.addPartner()]
    await scene.resolve({ partnerId: sent })
    await scene.register({ partnerId: asked })
    await scene.register()
    expect(await waits()).toEqual([])
    for (const id of [asked, sent, idle]) await store.changePartner(id, { disabled: true })
    expect(await waits()).toEqual([asked, sent].toSorted())
    await store.changePartner(asked, { disabled: false })
    expect(await waits()).toEqual([sent])
  })

  test('counts given-up webhooks for a day, except resent or cancelled ones', async ({ scene, store }) => {
    const givenUp = async () => (await store.stats()).deliveries.givenUp
    const registrations = []
    for (const host of ['a', 'b', 'c'])
      registrations.push(await scene.resolve({ callbackUrl: `https://${host}.example/` }))
    await scene.deliver(410)
    expect(await givenUp()).toBe(3)
    await store.resend(scene.partnerId, registrations[0]?.id ?? '')
    await store.cancel(scene.partnerId, registrations[1]?.id ?? '', 'erase')
    expect(await givenUp()).toBe(1)
    const since = store.now()
    const other = await scene.addPartner()
    await scene.advance(GIVEN_UP_MS)
    expect(await givenUp()).toBe(0)
    const left = async (partnerId: string, from: number) => (await store.givenUpOf(partnerId, from)).givenUp
    expect(await left(scene.partnerId, since)).toBe(0)
    expect([await left(scene.partnerId, since - HOUR), await left(other, since - HOUR)]).toEqual([1, 0])
  })

  test('counts resent webhooks until they arrive, but none that had arrived or never failed, of each partner', async ({
    scene,
  }) => {
    const of = async (partnerId: string) => {
      const { givenUp, resent } = await scene.store.givenUpOf(partnerId, scene.store.now() - DAY)
      return [givenUp, resent]
    }
    const all = async () => {
      const { givenUp, resent } = (await scene.store.stats()).deliveries
      return [givenUp, resent]
    }
    const { id } = await scene.resolve({ callbackUrl: 'https://a.example/' })
    await scene.deliver(410)
    const arrived = await scene.resolve()
    await scene.deliver(200)
    const waits = await scene.resolve()
    for (const one of [arrived, waits]) await scene.store.resend(scene.partnerId, one.id)
    expect([await all(), await of(scene.partnerId)]).toEqual([
      [1, 0],
      [1, 0],
    ])
    await scene.deliver(200)
    await scene.store.resend(scene.partnerId, id)
    const other = await scene.addPartner()
    for (const status of [503, null]) {
      expect([await all(), await of(scene.partnerId), await of(other)]).toEqual([
        [0, 1],
        [0, 1],
        [0, 0],
      ])
      if (status) await scene.deliver(status)
    }
    await scene.store.resend(scene.partnerId, id)
    await scene.deliver(200)
    expect([await all(), await of(scene.partnerId)]).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  test('counts given-up webhooks behind many newer failures', async ({ scene, store }) => {
    const givenUp = async () => (await store.stats()).deliveries.givenUp
    const deliverAll = async (httpStatus: number) => {
      while ((await scene.deliver(httpStatus)) > 0);
    }
    await scene.resolve()
    await scene.deliver(410)
    const newer = Array.from({ length: 300 }, (_, n) =>
      scene.newRegistration({ callbackUrl: `https://h${n % 50}.example/${n}` }),
    )
    await store.register(newer)
    while ((await scene.poll(SUCCESS)) > 0) await scene.advance(SECOND)
    await deliverAll(503)
    expect(await givenUp()).toBe(1)
    await scene.advance(HOUR)
    await deliverAll(410)
    expect(await givenUp()).toBe(301)
  })

  test('tells how many registrations bulk acts that are under way have still to come to', async ({ scene }) => {
    for (let n = 0; n < 3; n++) await scene.register()
    const by = { reason: 'why', who: 'token_1', name: 'Zoë', createdAt: scene.store.now() }
    const polls = {
      act: 'poll',
      filter: ALL_REGISTRATIONS,
      probe: false,
      counted: { count: 3, isCapped: false },
    } as const
    for (const id of ['bulk_1', 'bulk_2', 'bulk_3'])
      await scene.store.createBulkAct({ id, partnerId: null, ...polls, ...by })
    await scene.store.createBulkAct({ id: 'resend_1', partnerId: scene.partnerId, ...polls, ...by })
    await scene.store.startBulkAct('bulk_1')
    await scene.store.continueBulkActs(1)
    for (const id of ['bulk_2', 'resend_1']) await scene.store.startBulkAct(id)
    expect((await scene.store.stats()).bulk).toEqual({
      resends: { open: 1, remaining: 3 },
      acts: { open: 2, remaining: 5 },
    })
    await scene.store.stopBulkAct('bulk_1')
    await scene.store.stopBulkAct('bulk_2')
    expect((await scene.store.stats()).bulk.acts).toEqual({ open: 0, remaining: 0 })
  })
}
