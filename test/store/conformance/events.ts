import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/core/duration.ts'
import type { EventPosition, StoredEvent } from '../../../src/store/store.ts'
import { type OpenStore, openBench } from '../../support/store.ts'

type Bench = Awaited<ReturnType<typeof openBench>>

const read = async (bench: Bench, after: EventPosition | null = null, limit = 100): Promise<StoredEvent[]> => {
  const page = await bench.store.listEvents(bench.partnerId, { after, limit })
  if (page.outcome !== 'page') throw new Error('the position is lost')
  return page.events
}
const resolveMany = async (bench: Bench, count: number) => {
  for (let i = 0; i < count; i++) {
    await bench.resolve()
    await bench.advance(MINUTE)
  }
}

export const describeEvents = (open: OpenStore): void => {
  test('are numbered for each partner, from 1 on, without a gap', async () => {
    await using bench = await openBench(open)
    const other = await bench.addPartner()
    await bench.resolve()
    await bench.resolve({ partnerId: other })
    await bench.resolve()
    expect((await read(bench)).map(({ position }) => position.n)).toEqual([1, 2])
    const theirs = await bench.store.listEvents(other, { after: null, limit: 10 })
    expect(theirs).toMatchObject({ outcome: 'page', events: [{ position: { n: 1 } }] })
  })

  test('come in pages, each from after the position of the last', async () => {
    await using bench = await openBench(open)
    await resolveMany(bench, 3)
    const all = await read(bench)
    const [first] = await read(bench, null, 1)
    expect(await read(bench, first?.position, 10)).toEqual(all.slice(1))
    expect(await read(bench, all.at(-1)?.position)).toEqual([])
  })

  test('go on after one that was erased since', async () => {
    await using bench = await openBench(open)
    const cancelled = await bench.resolve()
    await bench.advance(MINUTE)
    const [seen] = await read(bench)
    await bench.store.cancel(bench.partnerId, cancelled.id)
    const next = await bench.resolve()
    expect((await read(bench, seen?.position)).map(({ registrationId }) => registrationId)).toEqual([next.id])
    await bench.advance(HOUR)
    await bench.store.prune(bench.store.now(), 1)
    expect((await read(bench, seen?.position)).map(({ registrationId }) => registrationId)).toEqual([next.id])
  })

  test('of a position that was never there say where to begin', async () => {
    await using bench = await openBench(open)
    await resolveMany(bench, 5)
    const all = await read(bench)
    const third = all[2] as StoredEvent
    const lost = (n: number, at: number | null) =>
      bench.store.listEvents(bench.partnerId, { after: { n, at }, limit: 10 })
    // Its number is beyond the newest; or it belongs to another event now.
    for (const n of [9, 4])
      expect(await lost(n, third.createdAt + 1)).toEqual({ outcome: 'lost', beginAfter: third.position })
    expect(await lost(9, (all[0] as StoredEvent).createdAt - 1)).toEqual({ outcome: 'lost', beginAfter: null })
    expect(await lost(9, null)).toEqual({ outcome: 'lost', beginAfter: null })
    expect(await lost(9, bench.store.now())).toEqual({ outcome: 'lost', beginAfter: all[4]?.position })
  })

  test('go on after a position that tells no time', async () => {
    await using bench = await openBench(open)
    await resolveMany(bench, 2)
    expect((await read(bench, { n: 1, at: null })).map(({ position }) => position.n)).toEqual([2])
  })
}
