import type { Quotas } from '../store.ts'
import type { createLanes } from './lanes.ts'
import type { createQuotas } from './quotas.ts'

/** For the length of a transaction, in which nobody else changes what was found. */
export interface Lookups {
  limitsOf(partnerId: string): Quotas | null
  /** Null: the partner has no lane for this URL's host yet. */
  laneOf(partnerId: string, callbackUrl: string): number | null
}

/** Most registrations of a transaction are for the same partners and URLs. */
export const beginLookups = ({
  quotas,
  lanes,
}: {
  quotas: Pick<ReturnType<typeof createQuotas>, 'limitsOf'>
  lanes: Pick<ReturnType<typeof createLanes>, 'find'>
}): Lookups => {
  const limits = new Map<string, Quotas | null>()
  const laneIds = new Map<string, number>()
  return {
    limitsOf: partnerId => {
      const known = limits.get(partnerId)
      if (known !== undefined) return known
      const found = quotas.limitsOf(partnerId)
      limits.set(partnerId, found)
      return found
    },
    laneOf: (partnerId, callbackUrl) => {
      const key = `${partnerId} ${callbackUrl}`
      const id = laneIds.get(key) ?? lanes.find(partnerId, callbackUrl)
      if (id !== null) laneIds.set(key, id)
      return id
    },
  }
}
