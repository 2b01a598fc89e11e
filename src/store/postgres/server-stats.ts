import { BUSY_TABLES, type BusyTable, type PostgresStats } from '../stats.ts'
import type { Tx } from './connection.ts'

interface Server {
  version: string
  databaseBytes: number
  oldestMs: number | null
}

/** What the server says of itself: reads its statistics, however large the tables are. */
export const readServerStats = async (tx: Pick<Tx, 'rows'>): Promise<Omit<PostgresStats, 'kind' | 'masterKey'>> => {
  const [server] = await tx.rows<Server>(SERVER)
  const counted = await tx.rows<{ table: BusyTable; dead: number }>(DEAD_ROWS, [BUSY_TABLES])
  const dead = new Map(counted.map(one => [one.table, one.dead]))
  const deadRows = Object.fromEntries(BUSY_TABLES.map(table => [table, dead.get(table) ?? 0]))
  return {
    serverVersion: server?.version ?? '?',
    databaseBytes: server?.databaseBytes ?? 0,
    oldestSnapshotMs: Math.max(0, Math.round(server?.oldestMs ?? 0)),
    deadRows: deadRows as Record<BusyTable, number>,
  }
}

/** Of other users' sessions only members of pg_read_all_stats see since when. A transaction that is prepared has no session. */
const SERVER = `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
  pg_database_size(current_database()) AS "databaseBytes",
  (SELECT extract(epoch FROM clock_timestamp() - min(at)) * 1000 FROM (
     SELECT xact_start AS at FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
       AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
     UNION ALL SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
   ) AS open) AS "oldestMs"`

const DEAD_ROWS = `SELECT relname AS "table", n_dead_tup AS dead FROM pg_stat_user_tables
  WHERE schemaname = 'public' AND relname = ANY($1::text[])`
