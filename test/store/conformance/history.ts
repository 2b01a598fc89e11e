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

  test('forgets minutes after 48 hours, hours and starts after 30 days', async () => {
    await using bench = await openBench(open)
    const at = bench.store.now()
    await bench.store.addStart({ at, version: '1.0.0' })
    await bench.store.addHistory([{ at, sums: { sent: 1 }, maxima: {} }])
    const left = async () => {
      await bench.store.addHistory([{ at: bench.store.now(), sums: {}, maxima: {} }])
      const minutes = await bench.store.listHistory({ resolution: 'minute', ...ALWAYS })
      const hours = await bench.store.listHistory({ resolution: 'hour', ...ALWAYS })
      const isOld = (one: { at: number }) => one.at <= at
      return [minutes.points.some(isOld), hours.points.some(isOld), hours.starts.some(isOld)]
    }
    await bench.advance(48 * HOUR)
    expect(await left()).toEqual([true, true, true])
    await bench.advance(MINUTE)
    expect(await left()).toEqual([false, true, true])
    await bench.advance(28 * DAY + HOUR)
    expect(await left()).toEqual([false, false, false])
  })
}
