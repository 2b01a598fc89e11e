import { expect, test } from 'vitest'
import type { BulkState } from '../../../src/store/bulk-act.ts'
import { afterProbe } from '../../../src/store/rules/bulk-act.ts'

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
