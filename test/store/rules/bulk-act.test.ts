import { expect, test } from 'vitest'
import { BULK_PACE, type BulkState } from '../../../src/store/bulk-act.ts'
import { afterProbe, pauseAfter, waitForStep } from '../../../src/store/rules/bulk-act.ts'

const DELIVERED = { state: 'delivered', claims: 1, attempts: 1, createdAt: 1, dueAt: null, claimedAt: null } as const

test('whoever has waited for its probe joins with as many turns as the one that has had the fewest', () => {
  const probe = { status: 'succeeded', message: { ...DELIVERED, lastAttempt: null } } as const
  const going = (looked: number, probeId: string | null = null) => ({
    state: (probeId === null ? 'running' : 'probing') as BulkState,
    probeId,
    looked,
  })
  const looked = (...underWay: ReturnType<typeof going>[]) =>
    afterProbe({ probeClaims: 0 }, probe, { at: 9, underWay })?.looked
  expect(looked(going(7, 'reg_1'), going(5_000_000), going(4_000_000))).toBe(4_000_000)
  expect(looked(going(7, 'reg_1'))).toBe(0)
})

test('all nodes wait after a step for as long as it was large, and as long as each may be short', () => {
  expect([0, 7, 20, 50].map(count => pauseAfter(BULK_PACE, count))).toEqual([50, 50, 100, 250])
  expect([null, 990, 1_000, 1_250].map(nextAt => waitForStep(nextAt, 1_000))).toEqual([0, 0, 0, 250])
})

test('a clock that was set back by an hour stopped all bulk acts for that hour', () => {
  expect(waitForStep(3_600_000, 1_000)).toBe(0)
})
