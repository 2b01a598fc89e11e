import type { StoreContext } from '../context.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { Store } from '../store.ts'
import type { Dialect } from '../tx.ts'

/** No serial and no webhook is ever due later than that from now on. */
export interface LongestPauses {
  pollMs: number
  retryMs: number
}

/** A row that is locked is claimed or settled now, and gets another due time by that. */
const VERIFICATIONS = (d: Dialect) => `
  WITH late AS MATERIALIZED (
    SELECT id FROM verifications WHERE due_at > @latest LIMIT @limit ${d.forUpdate({ skipLocked: true })})
  UPDATE verifications SET due_at = @at WHERE id IN (SELECT id FROM late) RETURNING id`
const DELIVERIES = (d: Dialect) => `
  WITH late AS MATERIALIZED (
    SELECT seq FROM deliveries WHERE due_at > @latest OR (claimed_at > @at AND (leased_until > @latest OR due_at > @at))
    LIMIT @limit ${d.forUpdate({ skipLocked: true })})
  UPDATE deliveries SET due_at = @at, leased_until = CASE WHEN leased_until > @latest THEN @at ELSE leased_until END
  WHERE seq IN (SELECT seq FROM late) RETURNING lane_id AS "laneId"`

/** What a clock that was set back has left due too late. */
export const createDueTimes = ({ write, tell }: Pick<StoreContext, 'write' | 'tell'>) =>
  ({
    mendDueTimes: async ({ pollMs, retryMs }, limit) => {
      const verifications = await write(({ all, at }) => all(VERIFICATIONS, { at, latest: at + pollMs, limit }))
      const deliveries = await write(async tx => {
        const mended = await tx.all<{ laneId: number }>(DELIVERIES, { at: tx.at, latest: tx.at + retryMs, limit })
        const laneIds = mended.map(({ laneId }) => laneId)
        await advanceLanes(tx, laneIds, tx.at)
        return mended
      })
      const mended = verifications.length + deliveries.length
      if (mended > 0) tell([['verificationsDue'], ['messagesDue']])
      return mended
    },
  }) satisfies Partial<Store>
