import type { Batch } from '../../core/batches.ts'
import { REMOVED_KEPT_MS } from '../accounts/rows.ts'
import { BY_OPERATOR } from '../callbacks/health.ts'
import type { VerbModule } from '../context.ts'
import { lockMessagesOf } from '../messages/deliveries.ts'
import { columnsOf, type Dialect, type Row, type Sql, type Tx } from '../tx.ts'

/** Progress of retention: the last registration scanned, and when it ended. */
export interface PrunePlace {
  resolvedAt: number
  id: string
}

export interface Pruned {
  erased: number
  /** Null once all have been scanned. */
  next: PrunePlace | null
}

type Ended = Pick<Row<'registrations'>, 'id' | 'verificationId' | 'laneId' | 'messageSeq'>
type InWindow = Ended & PrunePlace & { isWaiting: boolean }

/** Messages waiting to be sent are kept at any age; held messages have no due time. */
const IS_WAITING = '(SELECT due_at FROM deliveries WHERE seq = message_seq) IS NOT NULL'
const ENDED = columnsOf('registrations', ['id', 'verificationId', 'laneId', 'messageSeq'])
/** Also returns registrations whose messages wait: to filter them out here, it could scan any number of them. */
const WINDOW = `
  SELECT ${ENDED}, resolved_at AS "resolvedAt", ${IS_WAITING} AS "isWaiting" FROM registrations
  WHERE resolved_at < @before AND (resolved_at, id) > (@resolvedAt, @id) ORDER BY resolved_at, id LIMIT @limit`
const BEGINNING: PrunePlace = { resolvedAt: -1, id: '' }

/** Erases old data in small batches, so that nothing waits for it. */
export const retentionVerbs = {
  loops: ({ read, write }) => ({
    /**
     * Scans `limit` registrations that ended before `before`, in the order of their ends, from after `place` (null: from
     * the first). Erases them with their messages and attempts, and with a verification or lane that has no others.
     * Messages waiting to be sent are kept, held ones are not. After the last registration it also erases equally old
     * ended secrets and URLs without held messages, and removed accounts that nothing waits for.
     */
    prune: async (before: number, limit: number, place: PrunePlace | null): Promise<Pruned> => {
      const window = await read(tx => tx.all<InWindow>(WINDOW, { before, limit, ...(place ?? BEGINNING) }))
      const ended = window.filter(({ isWaiting }) => !isWaiting)
      const erased = ended.length === 0 ? 0 : await write(tx => erase(tx, ended, before))
      const last = window.length < limit ? undefined : window.at(-1)
      if (last) return { erased, next: { resolvedAt: last.resolvedAt, id: last.id } }
      for (const sql of OTHER_EXPIRED_ROWS)
        await write(tx => tx.all(sql, { before, removedBefore: tx.at - REMOVED_KEPT_MS }))
      return { erased, next: null }
    },
  }),
} satisfies VerbModule

/** Locks them in the order that all transactions use. */
const urlsWhere = (d: Dialect, condition: string): string => `(partner_id, callback_url) IN (
  SELECT partner_id, callback_url FROM callbacks c WHERE ${condition} ORDER BY partner_id, callback_url ${d.forUpdate()})`

/** Each in its own transaction. */
const OTHER_EXPIRED_ROWS: readonly Sql[] = [
  // URLs that nothing is held for: a claim removes them, unless messages were held meanwhile. URLs that an operator
  // disabled stay disabled.
  d => `
    UPDATE callbacks SET state = 'releasing', held_since = NULL
    WHERE ${urlsWhere(
      d,
      `held_since < @before AND last_error <> '${BY_OPERATOR}' AND NOT EXISTS (
        SELECT 1 FROM deliveries d WHERE d.partner_id = c.partner_id AND d.callback_url = c.callback_url
          AND d.state = 'pending' AND d.due_at IS NULL)`,
    )}`,
  // No recovery that a contact is notified of: nothing is sent there any more.
  ...['told_callbacks', 'callbacks'].map(
    table => (d: Dialect) =>
      `DELETE FROM ${table} WHERE ${urlsWhere(d, "held_since IS NULL AND state <> 'releasing' AND last_at < @before")}`,
  ),
  'DELETE FROM signing_secrets WHERE expires_at < @before',
  `DELETE FROM accounts WHERE removed_at < @removedBefore
     AND NOT EXISTS (SELECT 1 FROM verifications WHERE account_id = accounts.id AND due_at IS NOT NULL)`,
]

const LOCK_VERIFICATIONS = (d: Dialect) =>
  `SELECT id FROM verifications WHERE id IN ${d.list('ids', 'int8')} ORDER BY id ${d.forUpdate()}`
const STILL_ENDED = (d: Dialect) => `
  SELECT ${ENDED} FROM registrations
  WHERE resolved_at < @before AND id IN ${d.list('ids', 'text')} AND NOT (${IS_WAITING})`
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
  // A new registration of the serial waits, and then finds it gone.
  await tx.all(LOCK_VERIFICATIONS, verifications)
  const foundIds = found.map(({ id }) => id)
  await lockMessagesOf(tx, foundIds)
  // Before the lock, others may have erased a registration or made its message due.
  const rows = await tx.all<Ended>(STILL_ENDED, { before, ids: foundIds })
  await tx.all(ERASE, { ids: rows.map(({ id }) => id) })
  const seqs = rows.map(({ messageSeq }) => messageSeq).filter(seq => seq !== null)
  for (const sql of ERASE_OF_MESSAGES) await tx.all(sql, { seqs })
  await tx.all(ERASE_VERIFICATIONS, verifications)
  // A registration locks its lane, so the second statement sees it.
  const lanes = { ids: [...new Set(rows.map(({ laneId }) => laneId))] }
  await tx.all(LOCK_LANES, lanes)
  await tx.all(ERASE_LANES, lanes)
  return rows.length
}

const BATCH = 100

/**
 * Returns a batch that erases registrations which ended before the time from `before`. One pass reads waiting ones
 * once; after the last batch the next pass begins.
 */
export const createPruning = (
  prune: (before: number, limit: number, place: PrunePlace | null) => Promise<Pruned>,
  before: () => number,
): Batch => {
  let place: PrunePlace | null = null
  return async () => {
    const { erased, next }: Pruned = await prune(before(), BATCH, place)
    place = next
    return { count: erased, hasMore: next !== null }
  }
}
