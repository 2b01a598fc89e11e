import { REMOVED_KEPT_MS } from '../account.ts'
import { lockMessagesOf } from '../messages/deliveries.ts'
import type { Store } from '../store.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

interface Ended {
  id: string
  verificationId: number
  laneId: number
  messageSeq: number | null
}

/** What waits to be sent is kept, however old; what is held has no due time. */
const ENDED = `
  SELECT id, verification_id AS "verificationId", lane_id AS "laneId", message_seq AS "messageSeq" FROM registrations
  WHERE resolved_at < $1 AND (SELECT due_at FROM deliveries WHERE seq = message_seq) IS NULL`

/** Erases what ended long ago, a small batch at a time, so that nobody waits for it. */
export const createRetention = ({ read, write }: Pick<Context, 'read' | 'write'>): Pick<Store, 'prune'> => {
  return {
    prune: async (before, limit) => {
      const rows = await read(tx => tx.rows<Ended>(`${ENDED} ORDER BY resolved_at, id LIMIT $2`, [before, limit]))
      const erased = rows.length === 0 ? 0 : await write(tx => erase(tx, rows, before))
      if (rows.length < limit) await write(tx => eraseRest(tx, before))
      return erased
    },
  }
}

/** Nothing is held for these URLs. A claim forgets them, unless it finds that something has been held meanwhile. */
const RELEASE_URLS = `
  UPDATE callbacks c SET state = 'releasing', held_since = NULL, notice_due_at = NULL
  WHERE held_since < $1 AND NOT EXISTS (
    SELECT FROM deliveries d WHERE d.partner_id = c.partner_id AND d.callback_url = c.callback_url
      AND d.state = 'pending' AND d.due_at IS NULL)`

const eraseRest = async (tx: Tx, before: number): Promise<void> => {
  await tx.rows(RELEASE_URLS, [before])
  await tx.rows("DELETE FROM callbacks WHERE held_since IS NULL AND state <> 'releasing' AND last_at < $1", [before])
  await tx.rows('DELETE FROM signing_secrets WHERE expires_at < $1', [before])
  await tx.rows(
    `DELETE FROM accounts WHERE removed_at < $1
       AND NOT EXISTS (SELECT FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL)`,
    [tx.at - REMOVED_KEPT_MS],
  )
}

/** @returns how many it erased */
const erase = async (tx: Tx, found: readonly Ended[], before: number): Promise<number> => {
  const ids = found.map(({ id }) => id)
  const verificationIds = [...new Set(found.map(({ verificationId }) => verificationId))]
  // Whoever registers a serial once more waits, and then finds it gone.
  await tx.rows('SELECT FROM verifications WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE', [verificationIds])
  await lockMessagesOf(tx, ids)
  // Before that, others may have erased one, or made its message due.
  const rows = await tx.rows<Ended>(`${ENDED} AND id = ANY($2)`, [before, ids])
  const seqs = rows.map(({ messageSeq }) => messageSeq).filter(seq => seq !== null)
  await tx.rows('DELETE FROM registrations WHERE id = ANY($1)', [rows.map(({ id }) => id)])
  for (const [table, column] of [
    ['attempts', 'message_seq'],
    ['deliveries', 'seq'],
    ['message_bodies', 'seq'],
  ])
    await tx.rows(`DELETE FROM ${table} WHERE ${column} = ANY($1::bigint[])`, [seqs])
  await tx.rows(`DELETE FROM verifications WHERE ${isUnused('verification_id', 'verifications')}`, [verificationIds])
  // Whoever registers something for a lane has it locked, so a second statement sees that.
  const lanes = [[...new Set(rows.map(({ laneId }) => laneId))]]
  const unused = isUnused('lane_id', 'lanes')
  await tx.rows(`SELECT FROM lanes WHERE ${unused} ORDER BY id FOR UPDATE`, lanes)
  await tx.rows(`DELETE FROM lanes WHERE ${unused}`, lanes)
  return rows.length
}

/** One seek each: a join may read all registrations. */
const isUnused = (column: string, table: string): string =>
  `id = ANY($1::bigint[]) AND (SELECT 1 FROM registrations r WHERE r.${column} = ${table}.id LIMIT 1) IS NULL`
