import { expect } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import type { Resealed, ResealPlace } from '../../../src/store/resealing.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeRetention = (test: StoreTest): void => {
  test('erases rows ended before the given time, with their serial, and keeps others', async ({ scene }) => {
    const done = await scene.resolve({ idcardid: '1' })
    await scene.deliver(200)
    const cancelled = await scene.register()
    await scene.store.cancel(scene.partnerId, cancelled.id)
    const unsent = await scene.resolve()
    await scene.deliver(500)
    const pending = await scene.register()
    await scene.advance(DAY)
    const recent = await scene.resolve()
    const before = scene.store.now() - HOUR
    expect((await scene.store.prune(before, 1, null)).erased).toBe(1)
    expect(await scene.store.prune(before, 100, null)).toEqual({ erased: 1, next: null })
    expect(await scene.store.prune(before, 100, null)).toEqual({ erased: 0, next: null })
    for (const { id } of [done, cancelled]) expect(await scene.store.findRegistration(scene.partnerId, id)).toBeNull()
    for (const { id } of [unsent, pending, recent]) await scene.find(id)
    const other = await scene.addPartner()
    expect(await scene.register({ partnerId: other, idcardid: '1' })).toMatchObject({ status: 'pending', polls: 0 })
  })

  test('looks at no more than the limit, however many wait, and goes on behind them', async ({ scene }) => {
    const waiting = [await scene.resolve(), await scene.resolve(), await scene.resolve()]
    await scene.advance(HOUR)
    const done = await scene.register()
    await scene.store.cancel(scene.partnerId, done.id, 'erase')
    await scene.advance(DAY)
    const before = scene.store.now() - HOUR
    const first = await scene.store.prune(before, 2, null)
    expect(first).toEqual({ erased: 0, next: { resolvedAt: expect.any(Number), id: waiting[1]?.id } })
    expect(await scene.store.prune(before, 2, first.next)).toMatchObject({ erased: 1, next: { id: done.id } })
    expect(await scene.store.prune(before, 4, null)).toEqual({ erased: 0, next: null })
    for (const { id } of waiting) await scene.find(id)
  })

  test('keeps a serial, and its verdict, while another registration has it', async ({ scene, store }) => {
    await scene.resolve({ idcardid: '1' })
    await scene.deliver(200)
    await scene.advance(DAY)
    const late = await scene.register({ idcardid: '1', callbackUrl: 'https://late.example/' })
    expect((await store.prune(store.now() - HOUR, 100, null)).erased).toBe(1)
    expect(await scene.find(late.id)).toMatchObject({ status: 'succeeded', verdict: { status: 'SUCCESS' } })
  })
}

export const describeUpkeep = (test: StoreTest): void => {
  test('there is nothing to reseal while the master key is the same', async ({ scene, store }) => {
    await scene.resolve()
    let place: ResealPlace | null = null
    do {
      const { moved, unreadable, next }: Resealed = await store.reseal(place, 100)
      expect({ moved, unreadable }).toEqual({ moved: 0, unreadable: [] })
      place = next
    } while (place !== null)
  })

  test('a probe writes, and changes nothing that is seen', async ({ scene, store }) => {
    const { id } = await scene.register()
    const before = await scene.find(id)
    await store.probe()
    await store.probe()
    expect(await scene.find(id)).toEqual(before)
  })
}
