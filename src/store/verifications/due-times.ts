import type { StoreContext, VerbModule } from '../context.ts'
import { advanceLanes } from '../messages/lanes.ts'
import type { Dialect } from '../tx.ts'

/** Upper bounds of how far ahead a poll or a webhook may be due, in ms. */
export interface LongestPauses {
  pollMs: number
  retryMs: number
}

/** Skips locked rows: a claim or settlement is about to set their due time. */
const VERIFICATIONS = (d: Dialect) => `
  WITH late AS MATERIALIZED (
    SELECT id FROM verifications WHERE due_at > @latest LIMIT @limit ${d.forUpdate({ skipLocked: true })})
  UPDATE verifications SET due_at = @at WHERE id IN (SELECT id FROM late) RETURNING id`
const deliveries = (set: string, where: string) => (d: Dialect) =>
  `
  WITH late AS MATERIALIZED (SELECT seq FROM deliveries WHERE ${where} LIMIT @limit ${d.forUpdate({ skipLocked: true })})
  UPDATE deliveries SET ${set} WHERE seq IN (SELECT seq FROM late) RETURNING lane_id AS "laneId"`
const LATE = deliveries(
  'due_at = @at, leased_until = @at',
  'due_at > @latest OR (leased_until > @latest AND claimed_at > @at)',
)
/** Messages in flight since before the clock was set back: a lane counts only the leases of due messages. */
const UNDER_WAY = deliveries('due_at = @at', 'claimed_at > @at AND due_at > @at')

/** Corrects rows that are due too late because the clock was set back. */
export const dueTimeVerbs = {
  loops: ({ write, emitHints }: Pick<StoreContext, 'write' | 'emitHints'>) => ({
    /**
     * Repairs due times after the clock was set back: rows due later than the longest pause become due now, `limit` rows
     * at a time. Returns how many rows it changed; 0 when none are left.
     */
    mendDueTimes: async ({ pollMs, retryMs }: LongestPauses, limit: number): Promise<number> => {
      const verifications = await write(({ all, at }) => all(VERIFICATIONS, { at, latest: at + pollMs, limit }))
      const webhooks = await write(async tx => {
        const late = await tx.all<{ laneId: number }>(LATE, { at: tx.at, latest: tx.at + retryMs, limit })
        const mended = [...late, ...(await tx.all<{ laneId: number }>(UNDER_WAY, { at: tx.at, limit }))]
        const laneIds = mended.map(({ laneId }) => laneId)
        await advanceLanes(tx, laneIds, tx.at)
        return mended
      })
      const mended = verifications.length + webhooks.length
      if (mended > 0) emitHints([['verificationsDue'], ['messagesDue']])
      return mended
    },
  }),
} satisfies VerbModule
