import { expect, test } from 'vitest'
import { redHistories } from './report.ts'
import { EMPTY, runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'
import { planOf } from './simulation/plans.ts'
import { openHistoryServer } from './simulation/postgres.ts'

const HISTORIES = 10

test(`${HISTORIES} simulated histories of two nodes on one PostgreSQL break no promise`, { timeout: 0 }, async () => {
  const totals = await runHistories({ from: 1, count: HISTORIES, plan: 'postgres' })
  if (totals.red.length > 0) throw new Error(redHistories(totals, 'postgres', HISTORIES))
  expect(totals.counts).toMatchObject({ histories: HISTORIES })
})

test('the same seed is the same history of two nodes', { timeout: 0 }, async () => {
  await using server = await openHistoryServer(EMPTY)
  const options = { plan: planOf('postgres', 5), server: server.folder }
  const [one, other] = [await runHistory(5, options), await runHistory(5, options)]
  expect(one.seen).toEqual(other.seen)
})
