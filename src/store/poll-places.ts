import { SECOND } from '../core/duration.ts'
import type { Head } from './rules/claim-verifications.ts'

/** How long the number of partners that wait is kept: it takes a look at each of them. */
const PARTNERS_KEPT_MS = SECOND

/** Where a verification stands that waits to be asked. */
export interface QueuePlace {
  id: number
  accountId: string
  partnerId: string
  queue: number
  dueAt: number
}

/** How many partners have something due of an account, and whoever's place it is. */
export const createPartnerCounts = () => {
  /** By account. */
  const kept = new Map<string, { at: number; ids: ReadonlySet<string> }>()
  const countWith = ({ partnerId }: QueuePlace, ids: ReadonlySet<string>): number =>
    ids.has(partnerId) ? ids.size : ids.size + 1

  return {
    /** Null: it is to be counted anew. */
    find: (place: QueuePlace, at: number): number | null => {
      const known = kept.get(place.accountId)
      return known !== undefined && Math.abs(at - known.at) < PARTNERS_KEPT_MS ? countWith(place, known.ids) : null
    },

    /** @param heads of the account's queues */
    count: (place: QueuePlace, heads: readonly Head[], at: number): number => {
      const ids = new Set(heads.filter(({ dueAt }) => dueAt <= at).map(({ partnerId }) => partnerId))
      kept.set(place.accountId, { at, ids })
      return countWith(place, ids)
    },
  }
}
