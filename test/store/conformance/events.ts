import { expect } from 'vitest'
import { MINUTE, SECOND } from '../../../src/core/duration.ts'
import type { MessageState } from '../../../src/core/message.ts'
import type { EventPosition, StoredEvent } from '../../../src/store/messages/events.ts'
import { type StoreFixture, SUCCESS } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

const read = async (scene: StoreFixture, after: EventPosition | null = null, limit = 100): Promise<StoredEvent[]> => {
  const page = await scene.store.listEvents(scene.partnerId, { after, limit })
  if (page.outcome !== 'page') throw new Error('the position is lost')
  return page.events
}
const resolveMany = async (scene: StoreFixture, count: number) => {
  for (let i = 0; i < count; i++) {
    await scene.resolve()
    await scene.advance(MINUTE)
  }
}

export const describeEvents = (test: StoreTest): void => {
  test('are numbered for each partner, from 1 on, without a gap', async ({ scene, store }) => {
    const other = await scene.addPartner()
    await scene.resolve()
    await scene.resolve({ partnerId: other })
    await scene.resolve()
    expect((await read(scene)).map(({ position }) => position.n)).toEqual([1, 2])
    const theirs = await store.listEvents(other, { after: null, limit: 10 })
    expect(theirs).toMatchObject({ outcome: 'page', events: [{ position: { n: 1 } }] })
  })

  test('come in pages, each from after the position of the last', async ({ scene }) => {
    await resolveMany(scene, 3)
    const all = await read(scene)
    const [first] = await read(scene, null, 1)
    expect(await read(scene, first?.position, 10)).toEqual(all.slice(1))
    expect(await read(scene, all.at(-1)?.position)).toEqual([])
  })

  test('of a position that was never there say where to begin', async ({ scene, store, partnerId }) => {
    await resolveMany(scene, 5)
    const all = await read(scene)
    const third = all[2] as StoredEvent
    const lost = (n: number, at: number) => store.listEvents(partnerId, { after: { n, at }, limit: 10 })
    // Its number is beyond the newest; or it belongs to another event now.
    for (const n of [9, 4])
      expect(await lost(n, third.createdAt + 1)).toEqual({ outcome: 'lost', beginAfter: third.position })
    expect(await lost(9, (all[0] as StoredEvent).createdAt - 1)).toEqual({ outcome: 'lost', beginAfter: null })
    expect(await lost(9, store.now())).toEqual({ outcome: 'lost', beginAfter: all[4]?.position })
  })

  test('begin at the first that was created since a time, but not before the position', async ({ scene }) => {
    await resolveMany(scene, 4)
    const all = await read(scene)
    const [second, third] = [all[1] as StoredEvent, all[2] as StoredEvent]
    const since = async (at: number, after: EventPosition | null = null) => {
      const page = await scene.store.listEvents(scene.partnerId, { after, limit: 10, since: at })
      return page.outcome === 'page' ? page.events.map(({ position }) => position.n) : page.outcome
    }
    expect(await since(0)).toEqual([1, 2, 3, 4])
    expect(await since(second.createdAt)).toEqual([2, 3, 4])
    expect(await since(second.createdAt + 1)).toEqual([3, 4])
    expect(await since(second.createdAt, third.position)).toEqual([4])
    expect(await since(0, { n: 9, at: 0 })).toBe('lost')
    // Whoever goes on from there later gets what comes then, and nothing of before.
    const none = await scene.store.listEvents(scene.partnerId, { after: null, limit: 10, since: scene.store.now() })
    expect(none).toMatchObject({ outcome: 'page', events: [], end: all[3]?.position })
  })

  test('since a time are all that were created then, also one that was created up to 30 s later than the next', async ({
    scene,
  }) => {
    await resolveMany(scene, 1)
    for (let n = 0; n < 3; n++) await scene.register()
    const since = scene.store.now()
    for (const [n, claimed] of (await scene.claim()).entries()) {
      await scene.store.settleVerifications([scene.answered(claimed, SUCCESS)])
      if (n === 0) await scene.advance(-29 * SECOND)
    }
    expect((await read(scene)).map(({ createdAt }) => createdAt - since)).toEqual([-MINUTE, 0, -29_000, -29_000])
    const page = await scene.store.listEvents(scene.partnerId, { after: null, limit: 10, since })
    expect(page).toMatchObject({ outcome: 'page', events: [{ position: { n: 2, at: since } }] })
  })

  test('filtered by delivery state match the current state', async ({ scene, store, partnerId }) => {
    const of = async (delivery: MessageState) => {
      const page = await store.listEvents(partnerId, { after: null, limit: 10, delivery })
      return page.outcome === 'page' ? page.events.map(({ position }) => position.n) : page.outcome
    }
    await scene.resolve()
    await scene.deliver(200)
    await scene.resolve()
    await scene.deliver(410)
    await scene.resolve()
    expect([await of('delivered'), await of('exhausted'), await of('pending')]).toEqual([[1], [2], [3]])
    await store.cancel(partnerId, (await read(scene))[1]?.registrationId ?? '', 'erase')
    expect(await of('exhausted')).toEqual([])
  })

  test('of one registration are its own alone, after the position too', async ({ scene, store, partnerId }) => {
    const of = async (registrationId: string, after: EventPosition | null = null) => {
      const page = await store.listEvents(partnerId, { after, limit: 1, registrationId })
      return page.outcome === 'page' ? page.events.map(event => event.registrationId) : page.outcome
    }
    const { id } = await scene.resolve()
    await scene.resolve()
    const waiting = await scene.register()
    const [own, next] = await read(scene)
    expect([await of(id), await of(waiting.id), await of('reg_1')]).toEqual([[id], [], []])
    expect([await of(id, own?.position), await of(next?.registrationId ?? '', own?.position)]).toEqual([
      [],
      [next?.registrationId],
    ])
    await store.cancel(partnerId, id, 'erase')
    expect(await of(id)).toEqual([])
  })

  test('of a state that few are in come in pages that look at a thousand at most, and each goes on after the last', async ({
    scene,
  }) => {
    await scene.resolve()
    await scene.deliver(200)
    for (let n = 0; n < 11; n++) {
      const { idcardid } = await scene.resolve()
      const urls = Array.from({ length: 99 }, (_, i) => `https://h${i}.example/hook`)
      await scene.store.register(urls.map(callbackUrl => scene.newRegistration({ idcardid, callbackUrl })))
    }
    const page = async (after: EventPosition | null) => {
      const found = await scene.store.listEvents(scene.partnerId, { after, limit: 10, delivery: 'delivered' })
      if (found.outcome !== 'page') throw new Error('the position is lost')
      return { end: found.end, scanned: found.scanned, found: found.events.map(({ position }) => position.n) }
    }
    const one = await page(null)
    const two = await page(one.end)
    expect([one.found, one.end?.n, two.found, two.end?.n]).toEqual([[1], 1_000, [], 1_101])
    expect([one.scanned, two.scanned]).toEqual([1_000, 101])
    expect(await page(two.end)).toEqual({ ...two, scanned: 0 })
  })

  test('go on after one that was erased since', async ({ scene, store, partnerId }) => {
    const cancelled = await scene.resolve()
    await scene.advance(MINUTE)
    const [seen] = await read(scene)
    await store.cancel(partnerId, cancelled.id, 'erase')
    const next = await scene.resolve()
    await scene.advance(MINUTE)
    expect((await store.prune(store.now(), 1, null)).erased).toBe(1)
    expect((await read(scene, seen?.position)).map(({ registrationId }) => registrationId)).toEqual([next.id])
  })
}
