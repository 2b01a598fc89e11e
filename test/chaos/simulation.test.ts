import { expect, test } from 'vitest'
import { redHistories } from './report.ts'
import { EMPTY, runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'
import { planOf } from './simulation/plans.ts'
import { openHistoryServer } from './simulation/postgres.ts'
import { HISTORIES, reachedBy } from './simulation/reached.ts'

test(`${HISTORIES} simulated histories break no promise`, { timeout: 0 }, async () => {
  const totals = await runHistories({ from: 1, count: HISTORIES })
  if (totals.red.length > 0) throw new Error(redHistories(totals, 'minutes', HISTORIES))
  expect(totals.counts.histories).toBe(HISTORIES)
  expect(Object.entries(reachedBy(totals, 'minutes')).filter(([, times]) => times === 0)).toEqual([])
})

test('the same seed is the same history', async () => {
  const [one, other] = [await runHistory(77), await runHistory(77)]
  expect(one.seen).toEqual(other.seen)
})

const OF_TWO_NODES = 5

test(`${OF_TWO_NODES} simulated histories of two nodes on one PostgreSQL break no promise`, {
  timeout: 0,
}, async () => {
  const totals = await runHistories({ from: 1, count: OF_TWO_NODES, plan: 'postgres' })
  if (totals.red.length > 0) throw new Error(redHistories(totals, 'postgres', OF_TWO_NODES))
  expect(totals.counts).toMatchObject({ histories: OF_TWO_NODES })
})

test('the same seed is the same history of two nodes', { timeout: 0 }, async () => {
  await using server = await openHistoryServer(EMPTY)
  const options = { plan: planOf('postgres', 12), server: server.folder }
  const [one, other] = [await runHistory(12, options), await runHistory(12, options)]
  expect(one.seen).toEqual(other.seen)
})
