import { REMOVED_KEPT_MS } from '../accounts/account.ts'
import type { StoreContext } from '../context.ts'
import { lockMessagesOf } from '../messages/deliveries.ts'
import type { Store } from '../store.ts'
import { columnsOf, type Dialect, type Row, type Tx } from '../tx.ts'

type Ended = Pick<Row<'registrations'>, 'id' | 'verificationId' | 'laneId' | 'messageSeq'>

/** What waits to be sent is kept, however old; what is held has no due time. */
const ENDED = `
  SELECT ${columnsOf('registrations', ['id', 'verificationId', 'laneId', 'messageSeq'])} FROM registrations
  WHERE resolved_at < @before AND (SELECT due_at FROM deliveries WHERE seq = message_seq) IS NULL`
const OLDEST_ENDED = `${ENDED} ORDER BY resolved_at, id LIMIT @limit`

/** Erases what ended long ago, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ read, write }: StoreContext): Pick<Store, 'prune'> => ({
  prune: async (before, limit) => {
    const rows = await read(tx => tx.all<Ended>(OLDEST_ENDED, { before, limit }))
    const erased = rows.length === 0 ? 0 : await write(tx => erase(tx, rows, before))
    if (rows.length < limit) await write(tx => eraseRest(tx, before))
    return erased
  },
})

const REST = [
  // Nothing is held for these URLs. A claim forgets them, unless it finds that something has been held meanwhile.
  `UPDATE callbacks AS c SET state = 'releasing', held_since = NULL, notice_due_at = NULL
   WHERE held_since < @before AND NOT EXISTS (
     SELECT 1 FROM deliveries d WHERE d.partner_id = c.partner_id AND d.callback_url = c.callback_url
       AND d.state = 'pending' AND d.due_at IS NULL)`,
  "DELETE FROM callbacks WHERE held_since IS NULL AND state <> 'releasing' AND last_at < @before",
  'DELETE FROM signing_secrets WHERE expires_at < @before',
  `DELETE FROM accounts WHERE removed_at < @removedBefore
     AND NOT EXISTS (SELECT 1 FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL)`,
]

const eraseRest = async (tx: Tx, before: number): Promise<void> => {
  for (const text of REST) await tx.all(text, { before, removedBefore: tx.at - REMOVED_KEPT_MS })
}

const LOCK_VERIFICATIONS = (d: Dialect) =>
  `SELECT id FROM verifications WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`
const STILL_ENDED = (d: Dialect) => `${ENDED} AND id IN ${d.list('ids', 'text')}`
const ERASE = (d: Dialect) => `DELETE FROM registrations WHERE id IN ${d.list('ids', 'text')}`
const ERASE_OF_MESSAGES = [
  (d: Dialect) => `DELETE FROM attempts WHERE message_seq IN ${d.list('seqs', 'int8')}`,
  (d: Dialect) => `DELETE FROM deliveries WHERE seq IN ${d.list('seqs', 'int8')}`,
  (d: Dialect) => `DELETE FROM message_bodies WHERE seq IN ${d.list('seqs', 'int8')}`,
]

/** One seek each: a join may read all registrations. */
const unused = (
  d: Dialect,
  table: string,
  column: string,
): string => `FROM ${table} WHERE id IN ${d.list('ids', 'int8')}
  AND (SELECT 1 FROM registrations r WHERE r.${column} = ${table}.id LIMIT 1) IS NULL`
const ERASE_VERIFICATIONS = (d: Dialect) => `DELETE ${unused(d, 'verifications', 'verification_id')}`
const LOCK_LANES = (d: Dialect) => `SELECT id ${unused(d, 'lanes', 'lane_id')} ORDER BY id ${d.forRemoval}`
const ERASE_LANES = (d: Dialect) => `DELETE ${unused(d, 'lanes', 'lane_id')}`

/** @returns how many it erased */
const erase = async (tx: Tx, found: readonly Ended[], before: number): Promise<number> => {
  const verifications = { ids: [...new Set(found.map(({ verificationId }) => verificationId))] }
  // Whoever registers a serial once more waits, and then finds it gone.
  await tx.all(LOCK_VERIFICATIONS, verifications)
  const foundIds = found.map(({ id }) => id)
  await lockMessagesOf(tx, foundIds)
  // Before that, others may have erased one, or made its message due.
  const rows = await tx.all<Ended>(STILL_ENDED, { before, ids: foundIds })
  await tx.all(ERASE, { ids: rows.map(({ id }) => id) })
  const seqs = rows.map(({ messageSeq }) => messageSeq).filter(seq => seq !== null)
  for (const sql of ERASE_OF_MESSAGES) await tx.all(sql, { seqs })
  await tx.all(ERASE_VERIFICATIONS, verifications)
  // Whoever registers something for a lane has it locked, so a second statement sees that.
  const lanes = { ids: [...new Set(rows.map(({ laneId }) => laneId))] }
  await tx.all(LOCK_LANES, lanes)
  await tx.all(ERASE_LANES, lanes)
  return rows.length
}
