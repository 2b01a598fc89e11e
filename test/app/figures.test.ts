import { expect, test } from 'vitest'
import { createFigures } from '../../src/app/node-metrics.ts'
import { yieldToLoop } from '../../src/core/clock.ts'
import { SECOND } from '../../src/core/duration.ts'
import type { EngineCounts, Stats } from '../../src/store/stats/stats.ts'
import { createFixedClock } from '../support/fixed-clock.ts'

/** A database that answers when the test lets it. */
const openScene = () => {
  const clock = createFixedClock()
  const asked: PromiseWithResolvers<Stats>[] = []
  const stats = () => {
    const call = Promise.withResolvers<Stats>()
    asked.push(call)
    return call.promise
  }
  let counted = 0
  const engineCounts = async () => ({ commits: { counts: [++counted] } }) as unknown as EngineCounts
  const known = createFigures({ stats, engineCounts }, clock)
  const figures = async () => (await known()).database
  return {
    clock,
    asked,
    figures,
    counted: async () => (await known()).counts?.commits.counts,
    answer: (at: number) => asked.at(-1)?.resolve({ at } as Stats),
    fail: () => asked.at(-1)?.reject(new Error('the disk is gone')),
  }
}

test('asks the database once for all who come, and not again within five seconds', async () => {
  const { clock, asked, figures, answer } = openScene()
  const all = [figures(), figures(), figures()]
  answer(1)
  expect((await Promise.all(all)).map(one => one?.stats.at)).toEqual([1, 1, 1])
  await clock.advance(5 * SECOND - 1)
  expect((await figures())?.stats.at).toBe(1)
  expect(asked).toHaveLength(1)
  await clock.advance(1)
  const next = figures()
  answer(2)
  expect(await next).toMatchObject({ stats: { at: 2 }, readAt: 5 * SECOND })
})

test('nobody waits longer than two seconds for a slow database: they get the last figures', async () => {
  const { clock, asked, figures, answer } = openScene()
  const first = figures()
  await clock.advance(2 * SECOND)
  expect(await first).toBeNull()
  answer(1)
  await yieldToLoop()
  expect((await figures())?.stats.at).toBe(1)
  await clock.advance(5 * SECOND)
  const late = figures()
  await clock.advance(2 * SECOND)
  expect(await late).toMatchObject({ stats: { at: 1 } })
  await clock.advance(60 * SECOND)
  const later = figures()
  await clock.advance(2 * SECOND)
  expect(await later).toMatchObject({ stats: { at: 1 } })
  expect(asked).toHaveLength(2)
})
