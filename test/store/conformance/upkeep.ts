import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/core/duration.ts'
import type { Resealed, ResealPlace } from '../../../src/store/resealing.ts'
import { type OpenStore, openStoreFixture } from '../../support/store.ts'

export const describeRetention = (open: OpenStore): void => {
  test('erases what ended before the given time, with its serial, and keeps what waits', async () => {
    await using bench = await openStoreFixture(open)
    const done = await bench.resolve({ idcardid: '1' })
    await bench.deliver(200)
    const cancelled = await bench.register()
    await bench.store.cancel(bench.partnerId, cancelled.id)
    const unsent = await bench.resolve()
    await bench.deliver(500)
    const pending = await bench.register()
    await bench.advance(DAY)
    const recent = await bench.resolve()
    const before = bench.store.now() - HOUR
    expect((await bench.store.prune(before, 1, null)).erased).toBe(1)
    expect(await bench.store.prune(before, 100, null)).toEqual({ erased: 1, next: null })
    expect(await bench.store.prune(before, 100, null)).toEqual({ erased: 0, next: null })
    for (const { id } of [done, cancelled]) expect(await bench.store.findRegistration(bench.partnerId, id)).toBeNull()
    for (const { id } of [unsent, pending, recent]) await bench.find(id)
    const other = await bench.addPartner()
    expect(await bench.register({ partnerId: other, idcardid: '1' })).toMatchObject({ status: 'pending', polls: 0 })
  })

  test('looks at no more than the limit, however many wait, and goes on behind them', async () => {
    await using bench = await openStoreFixture(open)
    const waiting = [await bench.resolve(), await bench.resolve(), await bench.resolve()]
    await bench.advance(HOUR)
    const done = await bench.register()
    await bench.store.cancel(bench.partnerId, done.id, 'erase')
    await bench.advance(DAY)
    const before = bench.store.now() - HOUR
    const first = await bench.store.prune(before, 2, null)
    expect(first).toEqual({ erased: 0, next: { resolvedAt: expect.any(Number), id: waiting[1]?.id } })
    expect(await bench.store.prune(before, 2, first.next)).toMatchObject({ erased: 1, next: { id: done.id } })
    expect(await bench.store.prune(before, 4, null)).toEqual({ erased: 0, next: null })
    for (const { id } of waiting) await bench.find(id)
  })

  test('keeps a serial, and its verdict, while another registration has it', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve({ idcardid: '1' })
    await bench.deliver(200)
    await bench.advance(DAY)
    const late = await bench.register({ idcardid: '1', callbackUrl: 'https://late.example/' })
    expect((await bench.store.prune(bench.store.now() - HOUR, 100, null)).erased).toBe(1)
    expect(await bench.find(late.id)).toMatchObject({ status: 'succeeded', verdict: { status: 'SUCCESS' } })
  })
}

export const describeUpkeep = (open: OpenStore): void => {
  test('there is nothing to reseal while the master key is the same', async () => {
    await using bench = await openStoreFixture(open)
    await bench.resolve()
    let place: ResealPlace | null = null
    do {
      const { moved, unreadable, next }: Resealed = await bench.store.reseal(place, 100)
      expect({ moved, unreadable }).toEqual({ moved: 0, unreadable: [] })
      place = next
    } while (place !== null)
  })

  test('a probe writes, and changes nothing that is seen', async () => {
    await using bench = await openStoreFixture(open)
    const { id } = await bench.register()
    const before = await bench.find(id)
    await bench.store.probe()
    await bench.store.probe()
    expect(await bench.find(id)).toEqual(before)
  })
}
