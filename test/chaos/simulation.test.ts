import { expect, test } from 'vitest'
import { redHistories } from './report.ts'
import { runHistory } from './simulation/history.ts'
import { runHistories } from './simulation/many.ts'
import { reachedBy } from './simulation/reached.ts'

const HISTORIES = 400

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
