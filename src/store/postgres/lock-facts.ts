import type { Client } from 'pg'

/** A session that holds, or waits for, a lock of a table of ours behind which writers wait. */
export interface TableLock {
  pid: number
  user: string | null
  /** What the session says that it is. */
  application: string | null
  tables: readonly string[]
  /** It only waits, but who comes after it waits behind it. */
  isWaiting: boolean
  /** Since when its transaction runs; null: we may not see that. */
  openMs: number | null
}

const MOST_LOCKS = 5

/** Weaker ones let rows be written, and what nobody waits for harms nobody. */
const LOCKS = `WITH strong AS (
    SELECT l.pid, bool_and(NOT l.granted) AS "isWaiting", array_agg(DISTINCT c.relname::text ORDER BY c.relname::text) AS tables
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    GROUP BY l.pid
  )
  SELECT pid, usename::text AS "user", application_name AS application, tables, "isWaiting",
    extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "openMs"
  FROM strong JOIN pg_stat_activity USING (pid) WHERE pid <> pg_backend_pid()
  ORDER BY "isWaiting", xact_start NULLS LAST LIMIT ${MOST_LOCKS}`

/** Those that hold one first, and of these the oldest; a few. */
export const readLocks = async (client: Pick<Client, 'query'>): Promise<TableLock[]> =>
  (await client.query<TableLock>(LOCKS)).rows
