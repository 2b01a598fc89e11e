import { expect, test } from 'vitest'
import { redHistories } from './report.ts'
import { runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'
import { REACHED, REACHING, REACHING_TIMES } from './simulation/reached.ts'

/** Of each date others. */
const DRAWN = 40
const drawn = Number(new Date().toISOString().slice(2, 10).replaceAll('-', '')) * 1_000
const SEEDS = [...REACHING, ...Array.from({ length: DRAWN }, (_, n) => drawn + n)]

test(`${SEEDS.length} simulated histories break no promise, ${DRAWN} of them drawn by the date`, {
  timeout: 0,
}, async () => {
  const reachedIn = new Map<string, number>()
  const totals = await runHistories({
    seedAt: n => SEEDS[n] as number,
    count: SEEDS.length,
    onHistory: ({ seed, counts }) => {
      if (!REACHING.includes(seed)) return
      for (const name of REACHED) if ((counts[name] ?? 0) > 0) reachedIn.set(name, (reachedIn.get(name) ?? 0) + 1)
    },
  })
  if (totals.red.length > 0) throw new Error(redHistories(totals, 'minutes', SEEDS.length))
  expect(totals.counts.histories).toBe(SEEDS.length)
  expect(REACHED.filter(name => (reachedIn.get(name) ?? 0) < REACHING_TIMES)).toEqual([])
})

test('the same seed is the same history', async () => {
  const [one, other] = [await runHistory(77), await runHistory(77)]
  expect(one.seen).toEqual(other.seen)
})

const OF_TWO_NODES = 3

test(`${OF_TWO_NODES} simulated histories of two nodes on one PostgreSQL break no promise`, {
  timeout: 0,
}, async () => {
  const totals = await runHistories({ seedAt: n => n + 1, count: OF_TWO_NODES, plan: 'postgres' })
  if (totals.red.length > 0) throw new Error(redHistories(totals, 'postgres', OF_TWO_NODES))
  expect(totals.counts).toMatchObject({ histories: OF_TWO_NODES })
})
