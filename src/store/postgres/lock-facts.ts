import type { Client } from 'pg'
import type { Tx } from './connection.ts'

/** A session behind whose locks, of a table of ours or of rows of it, writers wait. */
export interface TableLock {
  pid: number
  user: string | null
  /** What the session says that it is. */
  application: string | null
  tables: readonly string[]
  /** It only waits, but who comes after it waits behind it. */
  isWaiting: boolean
  /** It keeps rows, as by SELECT … FOR UPDATE, and no table. */
  isOfRows: boolean
  /** Somebody waits for its rows now. */
  isInTheWay: boolean
  /** Since when its transaction runs; null: we may not see that. */
  openMs: number | null
}

const MOST_LOCKS = 5

/** Weaker ones let rows be written, and what nobody waits for harms nobody. */
const STRONG = "('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
/** What a transaction has taken that changes rows, or keeps them for itself. */
const OF_ROWS = "('RowShareLock', 'RowExclusiveLock')"
const HERE = `l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Our own keep rows all the time, for moments: they are named where others wait for them, and they for nobody. */
const LOCKS = `WITH blocking AS (
    SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')
  ), held AS (
    SELECT l.pid, l.mode IN ${OF_ROWS} AS "isOfRows", bool_and(NOT l.granted) AS "isWaiting",
      array_agg(DISTINCT c.relname::text ORDER BY c.relname::text) AS tables
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE ${HERE} AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND (l.mode IN ${STRONG} OR l.mode IN ${OF_ROWS} AND l.granted)
    GROUP BY l.pid, l.mode IN ${OF_ROWS}
  ), first AS (SELECT DISTINCT ON (pid) * FROM held ORDER BY pid, "isOfRows")
  SELECT pid, usename::text AS "user", application_name AS application, tables, "isWaiting", "isOfRows",
    pid IN (SELECT pid FROM blocking) AS "isInTheWay",
    extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "openMs"
  FROM first JOIN pg_stat_activity USING (pid) WHERE pid <> pg_backend_pid()
    AND (NOT "isOfRows" OR wait_event_type IS DISTINCT FROM 'Lock'
      AND (pid IN (SELECT pid FROM blocking) OR application_name NOT LIKE 'idface-notifier%'))
  ORDER BY "isWaiting", "isOfRows", xact_start NULLS LAST LIMIT ${MOST_LOCKS}`

/** Those that hold a table first, and of these the oldest; a few. */
export const readLocks = async (client: Pick<Client, 'query'>): Promise<TableLock[]> =>
  (await client.query<TableLock>(LOCKS)).rows

const ON_TABLE = `SELECT FROM pg_locks l WHERE ${HERE} AND l.relation = $1::regclass AND l.mode IN ${STRONG} LIMIT 1`

/** Somebody keeps this table locked, or waits for that. */
export const isTableLocked = async (tx: Pick<Tx, 'rows'>, table: string): Promise<boolean> =>
  (await tx.rows(ON_TABLE, [table])).length > 0
