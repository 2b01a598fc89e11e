import { once } from 'node:events'
import type { Client } from 'pg'
import { BUSY_TABLES, type BusyTable, type PostgresStats } from '../stats/stats.ts'
import type { Tx } from '../tx.ts'
import { openClient } from './opening.ts'

export interface ServerFacts {
  /** `18.1` */
  version: string
  user: string
  /** Settings that are off, although durability or fast claims need them. */
  off: readonly string[]
  isReadOnly: boolean
  /** The connection leads to a pooler. */
  isPooled: boolean
  /** LISTEN receives the notifications of other sessions. */
  receivesNotifications: boolean
  /** The role may see when transactions of other users began. */
  seesOthers: boolean
}

const SERVER = `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_user::text AS "user",
  ARRAY(SELECT name FROM pg_settings WHERE setting = 'off'
    AND name IN ('fsync', 'full_page_writes', 'autovacuum', 'track_counts') ORDER BY name) AS off,
  pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS "isReadOnly",
  pg_has_role('pg_read_all_stats', 'USAGE') AS "seesOthers", pg_backend_pid() AS pid`

type Row = Omit<ServerFacts, 'isPooled' | 'hearsOthers'> & { pid: number }

/** @param patience limits the wait for LISTEN */
export const readServer = async (client: Client, url: string, patience: AbortSignal): Promise<ServerFacts> => {
  const { rows } = await client.query<Row>(SERVER)
  const { pid, ...facts } = rows[0] as Row
  // A pooler invents the process id that it sends at connect.
  const isPooled = (client as unknown as { processID: number }).processID !== pid
  return {
    ...facts,
    isPooled,
    receivesNotifications: facts.isReadOnly || (await receivesNotifications(client, url, patience)),
  }
}

const receivesNotifications = async (client: Client, url: string, signal: AbortSignal): Promise<boolean> => {
  const channel = `idface_doctor_${process.pid}`
  const received = once(client, 'notification', { signal }).then(
    () => true,
    () => false,
  )
  await client.query(`LISTEN ${channel}`)
  const other = await openClient(url, 'doctor')
  try {
    await other.query(`NOTIFY ${channel}`)
    return await received
  } finally {
    await other.end()
  }
}

/** A session, a prepared transaction or a replication slot. */
export interface SessionFacts {
  /** As `bob (psql, pid 77)`. */
  name: string
  /** Age of its transaction; null if unknown. */
  openMs: number | null
  /** The statement that ends it. */
  endsWith: string
  /** Other sessions wait for it now. */
  isInTheWay: boolean
}

const MAX_ROWS = 5
const SESSION = `format('%s (%s, pid %s)', coalesce(usename, '?'), coalesce(nullif(application_name, ''), 'no name'), pid) AS name,
  extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "openMs",
  format('SELECT pg_terminate_backend(%s)', pid) AS "endsWith"`

const TRANSACTIONS = `(SELECT ${SESSION}, false AS "isInTheWay" FROM pg_stat_activity
   WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
     AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
   UNION ALL
   SELECT format('the prepared transaction %s of %s', gid, owner),
     extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000, format('ROLLBACK PREPARED %L', gid), false
   FROM pg_prepared_xacts WHERE database = current_database()
   UNION ALL
   SELECT format('the unused replication slot %s', slot_name), NULL, format('SELECT pg_drop_replication_slot(%L)', slot_name), false
   FROM pg_replication_slots WHERE NOT active AND (xmin IS NOT NULL OR catalog_xmin IS NOT NULL)
 ) ORDER BY "openMs" DESC NULLS LAST LIMIT ${MAX_ROWS}`

export const readTransactions = async (client: Client): Promise<SessionFacts[]> =>
  (await client.query<SessionFacts>(TRANSACTIONS)).rows

/** Sessions that block others without waiting themselves, and idle transactions with a table lock. */
const HOLDERS = `WITH blocking AS (
    SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
  )
  SELECT ${SESSION}, pid IN (SELECT pid FROM blocking) AS "isInTheWay"
  FROM pg_stat_activity a
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND cardinality(pg_blocking_pids(pid)) = 0
    AND (pid IN (SELECT pid FROM blocking) OR state LIKE 'idle in transaction%' AND EXISTS (
      SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock'))
  ORDER BY "isInTheWay" DESC, xact_start NULLS LAST LIMIT ${MAX_ROWS}`

export const readLockHolders = async (client: Client): Promise<SessionFacts[]> =>
  (await client.query<SessionFacts>(HOLDERS)).rows

interface Server {
  version: string
  databaseBytes: number
  oldestMs: number | null
}

/** Returns the server's statistics. The cost does not depend on the size of the tables. */
export const readServerStats = async (tx: Tx): Promise<Omit<PostgresStats, 'masterKey'>> => {
  const [server] = await tx.all<Server>(STATISTICS)
  const counted = await tx.all<{ table: BusyTable; dead: number }>(DEAD_ROWS, { tables: BUSY_TABLES })
  const dead = new Map(counted.map(one => [one.table, one.dead]))
  const deadRows = Object.fromEntries(BUSY_TABLES.map(table => [table, dead.get(table) ?? 0]))
  return {
    kind: 'postgres',
    serverVersion: server?.version ?? '?',
    databaseBytes: server?.databaseBytes ?? 0,
    oldestSnapshotMs: Math.max(0, Math.round(server?.oldestMs ?? 0)),
    deadRows: deadRows as Record<BusyTable, number>,
  }
}

/** Only members of pg_read_all_stats see the age of other users' transactions. A prepared one has no session. */
const STATISTICS = `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
  pg_database_size(current_database()) AS "databaseBytes",
  (SELECT extract(epoch FROM clock_timestamp() - min(at)) * 1000 FROM (
     SELECT xact_start AS at FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
       AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
     UNION ALL SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
   ) AS open) AS "oldestMs"`

const DEAD_ROWS = `SELECT relname AS "table", n_dead_tup AS dead FROM pg_stat_user_tables
  WHERE schemaname = 'public' AND relname = ANY(@tables::text[])`
