import { expect, test } from 'vitest'
import { mostOverdue } from '../../../src/store/rules/claim-verifications.ts'

const AT = 1_000

test('of what is due, that goes first which is the latest for its interval, and before all what was never asked', () => {
  const due = [
    { id: 1, dueAt: 900, lastPolledAt: 900 - 300_000 },
    { id: 2, dueAt: 950, lastPolledAt: 950 - 5_000 },
    { id: 3, dueAt: 990, lastPolledAt: null },
    { id: 4, dueAt: 990, lastPolledAt: 990 - 5_000 },
  ]
  expect(mostOverdue(due, 3, AT).map(({ id }) => id)).toEqual([3, 2, 4])
})
