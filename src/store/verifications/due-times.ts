import type { StoreContext } from '../context.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { Store } from '../store.ts'
import type { Row, Sql } from '../tx.ts'

/** No serial and no webhook is ever due later than that from now on. */
export interface LongestPauses {
  pollMs: number
  retryMs: number
}

/** A row that is locked is claimed or settled now, and gets another due time by that. */
const LATE_VERIFICATIONS: Sql = d =>
  `SELECT id FROM verifications WHERE due_at > @latest LIMIT @limit ${d.forUpdate({ skipLocked: true })}`
const LATE_DELIVERIES: Sql = d =>
  `SELECT seq, lane_id AS "laneId" FROM deliveries WHERE due_at > @latest LIMIT @limit ${d.forUpdate({ skipLocked: true })}`

/** What a clock that was set back has left due too late. */
export const createDueTimes = ({ write, tell }: Pick<StoreContext, 'write' | 'tell'>) =>
  ({
    mendDueTimes: async ({ pollMs, retryMs }, limit) => {
      const verifications = await write(async ({ all, update, at: dueAt }) => {
        const late = await all<{ id: number }>(LATE_VERIFICATIONS, { latest: dueAt + pollMs, limit })
        await update(
          'verifications',
          ['id'],
          late.map(({ id }) => ({ id, dueAt })),
        )
        return late
      })
      const deliveries = await write(async tx => {
        const { at: dueAt } = tx
        const late = await tx.all<Pick<Row<'deliveries'>, 'seq' | 'laneId'>>(LATE_DELIVERIES, {
          latest: dueAt + retryMs,
          limit,
        })
        await tx.update(
          'deliveries',
          ['seq'],
          late.map(({ seq }) => ({ seq, dueAt })),
        )
        await advanceLanes(
          tx,
          late.map(({ laneId }) => laneId),
          dueAt,
        )
        return late
      })
      const mended = verifications.length + deliveries.length
      if (mended > 0) tell([['verificationsDue'], ['messagesDue']])
      return mended
    },
  }) satisfies Partial<Store>
