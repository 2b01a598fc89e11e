import { expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { type OpenStore, openStoreFixture, WAITING } from '../../support/store.ts'

export const describeClockSteps = (open: OpenStore): void => {
  test('C1 asks, within the longest pause, about what was planned before the clock was set back', async () => {
    await using bench = await openStoreFixture(open)
    const old = await bench.register()
    await bench.poll(WAITING)
    await bench.advance(-HOUR)
    expect(await bench.mend()).toBe(1)
    expect(await bench.mend()).toBe(0)
    expect((await bench.claim()).map(({ verification }) => verification.waiting[0]?.id)).toEqual([old.id])
    await bench.advance(SECOND)
    const fresh = await bench.register()
    expect((await bench.claim()).map(({ verification }) => verification.waiting[0]?.id)).toEqual([fresh.id])
  })

  test('C1 sends at once, after the clock was set back by more than any retry waits, what waits for one or was under way', async () => {
    await using bench = await openStoreFixture(open)
    const lost = await bench.resolve()
    // Claimed so late, it is due in the past even now.
    await bench.advance(3 * DAY)
    expect(await bench.claimMessages()).toHaveLength(1)
    const { id } = await bench.resolve()
    await bench.deliver(500)
    await bench.advance(-2 * DAY)
    expect(await bench.mend()).toBe(2)
    expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([lost.id, id])
  })

  test('C1 hands out again, when its lease has ended, what was under way as the clock was set back', async () => {
    await using bench = await openStoreFixture(open)
    const lost = await bench.resolve()
    expect(await bench.claimMessages()).toHaveLength(1)
    await bench.advance(-HOUR)
    expect(await bench.mend()).toBe(1)
    await bench.resolve()
    await bench.deliver(200)
    expect(await bench.claimMessages()).toEqual([])
    await bench.advance(HOUR + MINUTE)
    expect((await bench.claimMessages()).map(({ registrationId }) => registrationId)).toEqual([lost.id])
  })

  test('C1 puts right so many rows of a queue at a time', async () => {
    await using bench = await openStoreFixture(open)
    for (let n = 0; n < 3; n++) await bench.register()
    for (let n = 0; n < 3; n++) await bench.poll(WAITING)
    await bench.advance(-HOUR)
    expect([await bench.mend(2), await bench.mend(2), await bench.mend(2)]).toEqual([2, 1, 0])
  })
}
