import { expect } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import { SUCCESS, WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

/** What is due at the same time comes in the order in which it came; counts and limits of nothing give nothing. */
export const describeOrdering = (test: StoreTest): void => {
  test('messages that are due at the same time are sent in the order in which they came', async ({ scene, store }) => {
    await store.register(Array.from({ length: 5 }, () => scene.newRegistration()))
    await scene.poll(SUCCESS)
    const seqs: number[] = []
    for (let i = 0; i < 5; i++) seqs.push(...(await scene.claimMessages({ slots: 1 })).map(({ seq }) => seq))
    expect(seqs).toHaveLength(5)
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
  })

  test('no slot, no limit and no item give nothing, and say when there is more', async ({ scene }) => {
    const { store, partnerId } = scene
    const at = (await scene.resolve()).createdAt
    const { id } = await scene.register()
    expect(await scene.claimMessagesWith({ slots: 0 })).toMatchObject({ messages: [], nextAt: at })
    expect(await scene.claim({ concurrency: 0 })).toEqual([])
    expect(await scene.claim({ busy: new Map([[scene.account.id, 100]]) })).toEqual([])
    expect(await store.register([])).toEqual([])
    const query = { idcardid: null, status: null, delivery: null, before: null }
    expect((await store.listRegistrations(partnerId, { ...query, limit: 0 })).found).toEqual([])
    expect(await store.listEvents(partnerId, { after: null, limit: 0 })).toEqual({
      outcome: 'page',
      events: [],
      end: null,
      scanned: 0,
    })
    await store.cancel(partnerId, id)
    await scene.advance(HOUR)
    expect(await store.prune(store.now(), 0, null)).toEqual({ erased: 0, next: null })
  })

  test('a usage counts pending ones, hosts, and the registrations of a day', async ({ scene, store, partnerId }) => {
    await scene.resolve()
    await scene.register({ callbackUrl: 'https://b.example/' })
    await scene.poll(WAITING)
    expect(await store.usageOf(partnerId)).toMatchObject({ pending: 1, hosts: 2 })
    await scene.advance(2 * DAY)
    expect(await store.usageOf(await scene.addPartner())).toEqual({ pending: 0, hosts: 0, daily: 0 })
  })
}
