import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/core/duration.ts'
import { type OpenStore, openBench } from '../../support/store.ts'

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER }

export const describeHistory = (open: OpenStore): void => {
  test('adds up what several nodes bring of a minute, and keeps the highest of gauges', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    await bench.store.addHistory([{ at, sums: { sent: 3, failed: 1 }, maxima: { due: 7 } }])
    await bench.store.addHistory([{ at: at + 1, sums: { sent: 2 }, maxima: { due: 5, age: 1 } }])
    await bench.store.addHistory([{ at: at + MINUTE, sums: { sent: 1 }, maxima: {} }])
    expect(await bench.store.listHistory({ resolution: 'minute', ...ALWAYS })).toEqual({
      points: [
        { at, sums: { sent: 5, failed: 1 }, maxima: { due: 7, age: 1 } },
        { at: at + MINUTE, sums: { sent: 1 }, maxima: {} },
      ],
      starts: [],
    })
    expect((await bench.store.listHistory({ resolution: 'hour', ...ALWAYS })).points).toEqual([
      { at, sums: { sent: 6, failed: 1 }, maxima: { due: 7, age: 1 } },
    ])
  })

  test('tells of a span of time, and of the starts in it', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    await bench.store.addHistory([0, 1, 2, 3].map(n => ({ at: at + n * MINUTE, sums: { n }, maxima: {} })))
    await bench.store.addStart({ at: at - 1, version: '1.0.0' })
    await bench.store.addStart({ at: at + 90_000, version: '1.1.0' })
    const span = { from: at + MINUTE, to: at + 3 * MINUTE }
    const { points, starts } = await bench.store.listHistory({ resolution: 'minute', ...span })
    expect(points.map(({ sums }) => sums.n)).toEqual([1, 2])
    expect(starts).toEqual([{ at: at + 90_000, version: '1.1.0' }])
  })

  test('is not forgotten while the clock is a year ahead for some minutes, nor once it is right again', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    const add = (ats: readonly number[]) =>
      bench.store.addHistory(ats.map(at => ({ at, sums: { sent: 1 }, maxima: {} })))
    await bench.store.addStart({ at, version: '1.0.0' })
    await add([0, 1, 2, 3].map(n => at + n * MINUTE))
    await bench.advance(365 * DAY)
    await add([bench.store.now(), bench.store.now() + MINUTE])
    await bench.advance(-365 * DAY)
    await add([at + 4 * MINUTE])
    const now = { from: 0, to: at + DAY }
    const { points, starts } = await bench.store.listHistory({ resolution: 'minute', ...now })
    expect([points.length, starts.length]).toEqual([5, 1])
    expect((await bench.store.listHistory({ resolution: 'hour', ...now })).points).toHaveLength(1)
  })

  test.each([
    ['minute', MINUTE, 2_880],
    ['hour', HOUR, 720],
  ] as const)('keeps of each %s the newest, and forgets what is older', async (resolution, lengthMs, kept) => {
    await using bench = await openBench(open)
    const from = bench.store.now()
    const add = (count: number) => {
      const at = bench.store.now()
      return bench.store.addHistory(
        Array.from({ length: count }, (_, n) => ({ at: at - n * lengthMs, sums: {}, maxima: {} })),
      )
    }
    await bench.advance((kept - 1) * lengthMs)
    await add(kept)
    const oldest = async () => (await bench.store.listHistory({ resolution, ...ALWAYS })).points[0]?.at
    expect(await oldest()).toBe(from)
    await bench.advance(2 * lengthMs)
    await add(2)
    expect(await oldest()).toBe(from + 2 * lengthMs)
  })

  test('keeps the newest 720 starts', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    await Promise.all(Array.from({ length: 721 }, (_, n) => bench.store.addStart({ at: at - n, version: '1.0.0' })))
    await bench.store.addHistory([{ at, sums: {}, maxima: {} }])
    const { starts } = await bench.store.listHistory({ resolution: 'hour', ...ALWAYS })
    expect([starts.length, starts[0]?.at]).toEqual([720, at - 719])
  })
}
