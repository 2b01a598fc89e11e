import { expect } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/duration.ts'
import { WAITING } from '../../support/store.ts'
import type { StoreTest } from '../support/store-test.ts'

export const describeClockSteps = (test: StoreTest): void => {
  test('C1 polls, within the longest pause, serials scheduled before the clock was set back', async ({ scene }) => {
    const old = await scene.register()
    await scene.poll(WAITING)
    await scene.advance(-HOUR)
    expect(await scene.mend()).toBe(1)
    expect(await scene.mend()).toBe(0)
    expect((await scene.claim()).map(({ verification }) => verification.waiting[0]?.id)).toEqual([old.id])
    await scene.advance(SECOND)
    const fresh = await scene.register()
    expect((await scene.claim()).map(({ verification }) => verification.waiting[0]?.id)).toEqual([fresh.id])
  })

  test('C1 sends waiting and claimed webhooks at once after the clock was set back by more than any retry delay', async ({
    scene,
  }) => {
    const lost = await scene.resolve()
    // Claimed so late, it is due in the past even now.
    await scene.advance(3 * DAY)
    expect(await scene.claimMessages()).toHaveLength(1)
    const { id } = await scene.resolve()
    await scene.deliver(500)
    await scene.advance(-2 * DAY)
    expect(await scene.mend()).toBe(2)
    expect(await scene.claimedIds()).toEqual([lost.id, id])
  })

  test('C1 hands out again, after its lease, a webhook claimed when the clock was set back', async ({ scene }) => {
    const lost = await scene.resolve()
    expect(await scene.claimMessages()).toHaveLength(1)
    await scene.advance(-HOUR)
    expect(await scene.mend()).toBe(1)
    await scene.resolve()
    await scene.deliver(200)
    expect(await scene.claimMessages()).toEqual([])
    await scene.advance(HOUR + MINUTE)
    expect(await scene.claimedIds()).toEqual([lost.id])
  })

  test('C1 puts right so many rows of a queue at a time', async ({ scene }) => {
    for (let n = 0; n < 3; n++) await scene.register()
    for (let n = 0; n < 3; n++) await scene.poll(WAITING)
    await scene.advance(-HOUR)
    expect([await scene.mend(2), await scene.mend(2), await scene.mend(2)]).toEqual([2, 1, 0])
  })
}
