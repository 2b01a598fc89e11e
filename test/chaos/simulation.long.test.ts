import { expect, test } from 'vitest'
import { EMPTY, runHistory } from './simulation/history.ts'
import { planOf } from './simulation/plans.ts'
import { openHistoryServer } from './simulation/postgres.ts'

test('the same seed is the same history of two nodes', { timeout: 0 }, async () => {
  await using server = await openHistoryServer(EMPTY)
  const options = { plan: planOf('postgres', 12), server: server.folder }
  const [one, other] = [await runHistory(12, options), await runHistory(12, options)]
  expect(one.seen).toEqual(other.seen)
})
