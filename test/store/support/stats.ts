import { NO_BACKUP } from '../../../src/store/backup.ts'
import type { Stats } from '../../../src/store/stats/stats.ts'

const NOTHING = { due: 0, dueIsCapped: false, scheduled: 0, leased: 0, oldestDueAt: null }

/** Of a store with one account, where nothing waits or has failed. */
export const emptyStats = (
  { id, apiId, rate }: { id: string; apiId: string; rate: number },
  moment: Pick<Stats, 'at' | 'firstPartnerAt' | 'engine'>,
): Stats => ({
  ...moment,
  accounts: [
    {
      ...{ id, apiId, rate, rateNow: rate, isRemoved: false, waiting: 0, ...NOTHING },
      ...{ pausedAt: null, pauseReason: null, pauseCode: null, unreachableAt: null, unreachableError: null },
      ...{ probes: 0, probeAt: null, answers: null, catchUpMs: 0 },
    },
  ],
  polls: NOTHING,
  deliveries: {
    ...{ ...NOTHING, held: 0, heldAt: null },
    ...{ givenUp: 0, givenUpIsCapped: false, resent: 0, resentIsCapped: false },
  },
  callbacks: { gone: 0, failing: 0, disabled: 0 },
  failingHosts: { worst: [], hosts: 0 },
  bulk: { resends: { open: 0, remaining: 0 }, acts: { open: 0, remaining: 0 } },
  ...{ nodes: [], disabledPartners: [], backup: NO_BACKUP, refusingChannel: null },
})
