import type { Store } from '../store.ts'
import type { Context } from './context.ts'

/** A row that is locked is claimed or settled now, and gets another due time by that. */
const VERIFICATIONS = `
  UPDATE verifications SET due_at = $1 WHERE id IN (
    SELECT id FROM verifications WHERE due_at > $1 + $2::bigint LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING id`
const MESSAGES = `
  UPDATE deliveries SET due_at = $1 WHERE seq IN (
    SELECT seq FROM deliveries WHERE due_at > $1 + $2::bigint LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING seq`
const LANES = `
  UPDATE lanes SET due_at = $1 WHERE id IN (
    SELECT id FROM lanes l
    WHERE due_at > $1 AND EXISTS (SELECT FROM deliveries d WHERE d.lane_id = l.id AND d.due_at <= $1)
    ORDER BY id FOR NO KEY UPDATE)`

export const createDueTimes = ({ write, tell }: Pick<Context, 'write' | 'tell'>): Pick<Store, 'mendDueTimes'> => ({
  mendDueTimes: async ({ pollMs, retryMs }, limit) => {
    const verifications = await write(tx => tx.rows(VERIFICATIONS, [tx.at, pollMs, limit]))
    const messages = await write(tx => tx.rows(MESSAGES, [tx.at, retryMs, limit]))
    await write(tx => tx.rows(LANES, [tx.at]))
    const mended = verifications.length + messages.length
    if (mended > 0) tell([['verificationsDue'], ['messagesDue']])
    return mended
  },
})
