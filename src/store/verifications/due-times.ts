import type { StoreContext } from '../context.ts'
import type { Store } from '../store.ts'
import type { Dialect, TableName } from '../tx.ts'

/** No serial and no webhook is ever due later than that from now on. */
export interface LongestPauses {
  pollMs: number
  retryMs: number
}

/** A row that is locked is claimed or settled now, and gets another due time by that. */
const mend = (table: TableName, key: string) => (d: Dialect) =>
  `
  UPDATE ${table} SET due_at = @at WHERE ${key} IN (
    SELECT ${key} FROM ${table} WHERE due_at > @latest LIMIT @limit ${d.forUpdate({ skipLocked: true })})
  RETURNING ${key}`
const VERIFICATIONS = mend('verifications', 'id')
const DELIVERIES = mend('deliveries', 'seq')
const LANES = (d: Dialect) => `
  UPDATE lanes SET due_at = @at WHERE id IN (
    SELECT id FROM lanes l
    WHERE due_at > @at AND EXISTS (SELECT 1 FROM deliveries d WHERE d.lane_id = l.id AND d.due_at <= @at)
    ORDER BY id ${d.forUpdate()})`

/** What a clock that was set back has left due too late. */
export const createDueTimes = ({ write, tell }: Pick<StoreContext, 'write' | 'tell'>): Pick<Store, 'mendDueTimes'> => ({
  mendDueTimes: async ({ pollMs, retryMs }, limit) => {
    const verifications = await write(({ all, at }) => all(VERIFICATIONS, { at, latest: at + pollMs, limit }))
    const deliveries = await write(({ all, at }) => all(DELIVERIES, { at, latest: at + retryMs, limit }))
    await write(({ all, at }) => all(LANES, { at }))
    const mended = verifications.length + deliveries.length
    if (mended > 0) tell([['verificationsDue'], ['messagesDue']])
    return mended
  },
})
