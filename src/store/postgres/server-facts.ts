import { readdirSync, readFileSync } from 'node:fs'
import type { Client } from 'pg'
import { MIGRATIONS } from './opening.ts'

/** What of the server's settings decides whether it keeps what it has acknowledged, and stays fast. */
const SETTINGS = [
  ...['synchronous_commit', 'fsync', 'full_page_writes', 'autovacuum', 'track_counts'],
  ...['max_connections', 'superuser_reserved_connections', 'default_transaction_read_only'],
] as const
type Setting = (typeof SETTINGS)[number]

export interface ServerFacts {
  /** `18.1`, and as a number that can be compared: 180001. */
  version: string
  versionNumber: number
  user: string
  database: string
  isStandby: boolean
  /** What answers is a pooler. */
  isPooled: boolean
  /** Whether the connection is encrypted, as the server, or the pooler's connection to it, sees it. */
  isEncrypted: boolean
  /** It may make tables, which each new version of the schema needs. */
  mayCreate: boolean
  /** Tables and views of ours that belong to somebody else. */
  foreignTables: readonly string[]
  /** It sees since when the transactions of other users run. */
  seesOthers: boolean
  settings: Readonly<Record<Setting, string>>
  /** Of all databases. */
  connections: number
  /** The least of what the role and the database are limited to; null: neither is. */
  connectionLimit: number | null
  /** How far its clock is ahead of ours. */
  clockAheadMs: number
}

interface Row extends Omit<ServerFacts, 'isPooled' | 'settings' | 'connectionLimit' | 'clockAheadMs'> {
  pid: number
  at: number
  roleLimit: number
  databaseLimit: number
}

const FACTS = `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
  current_setting('server_version_num')::int AS "versionNumber",
  current_user::text AS "user", current_database()::text AS database, pg_backend_pid() AS pid,
  pg_is_in_recovery() AS "isStandby", has_schema_privilege('public', 'CREATE') AS "mayCreate",
  pg_has_role('pg_read_all_stats', 'USAGE') AS "seesOthers",
  EXISTS (SELECT 1 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS "isEncrypted",
  ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
    AND relname = ANY($1::text[]) AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname) AS "foreignTables",
  (SELECT count(*)::int FROM pg_stat_activity WHERE datid IS NOT NULL) AS connections,
  (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS "roleLimit",
  (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS "databaseLimit",
  extract(epoch FROM clock_timestamp())::float8 * 1000 AS at`

const leastOf = (limits: readonly number[]): number | null => {
  const real = limits.filter(limit => limit >= 0)
  return real.length === 0 ? null : Math.min(...real)
}

/** @param now epoch ms */
export const readServerFacts = async (client: Client, now: () => number): Promise<ServerFacts> => {
  const before = now()
  const { rows } = await client.query<Row>(FACTS, [expectedTables()])
  const [row] = rows
  if (!row) throw new Error('PostgreSQL tells nothing of itself')
  const { pid, at, roleLimit, databaseLimit, ...facts } = row
  const clockAheadMs = Math.round(at - (before + now()) / 2)
  const { rows: settings } = await client.query<{ name: Setting; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])',
    [SETTINGS],
  )
  return {
    ...facts,
    // A pooler has made up what it tells at the start.
    isPooled: (client as unknown as { processID: number }).processID !== pid,
    settings: Object.fromEntries(settings.map(({ name, setting }) => [name, setting])) as ServerFacts['settings'],
    connectionLimit: leastOf([roleLimit, databaseLimit]),
    clockAheadMs,
  }
}

/** What keeps dead rows: a session's transaction, a prepared one, or a replication slot, whose age is not known. */
export interface OpenTransaction {
  kind: 'session' | 'prepared' | 'slot'
  /** The number of the session, or the name. */
  name: string
  user: string | null
  /** What the session says that it is. */
  application: string | null
  openMs: number | null
}

const MOST_TRANSACTIONS = 5

const TRANSACTIONS = `(SELECT 'session' AS kind, pid::text AS name, usename::text AS "user", application_name AS application,
     extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "openMs"
   FROM pg_stat_activity
   WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
     AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
   UNION ALL
   SELECT 'prepared', gid, owner::text, NULL, extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000
   FROM pg_prepared_xacts WHERE database = current_database()
   UNION ALL
   SELECT 'slot', slot_name::text, NULL, NULL, NULL FROM pg_replication_slots
   WHERE NOT active AND (xmin IS NOT NULL OR catalog_xmin IS NOT NULL)
 ) ORDER BY "openMs" DESC NULLS LAST LIMIT ${MOST_TRANSACTIONS}`

/** The oldest first, a few. */
export const readTransactions = async (client: Client): Promise<OpenTransaction[]> =>
  (await client.query<OpenTransaction>(TRANSACTIONS)).rows

/** A session that has written or locked something in a transaction that is still open. */
export interface LockHolder {
  pid: number
  user: string | null
  /** What the session says that it is. */
  application: string | null
  /** Others wait for it now. */
  isInTheWay: boolean
  /** Since when its transaction runs; null: we may not see that. */
  openMs: number | null
}

const MOST_HOLDERS = 5

/** Those that do nothing, and those that others wait for but who wait for nobody. */
const HOLDERS = `WITH blocking AS (
    SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
  )
  SELECT pid, usename::text AS "user", application_name AS application, pid IN (SELECT pid FROM blocking) AS "isInTheWay",
    extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS "openMs"
  FROM pg_stat_activity a
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND cardinality(pg_blocking_pids(pid)) = 0
    AND (pid IN (SELECT pid FROM blocking) OR state LIKE 'idle in transaction%' AND EXISTS (
      SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock'))
  ORDER BY "isInTheWay" DESC, xact_start NULLS LAST LIMIT ${MOST_HOLDERS}`

/** Those in the way first, and of these the oldest; a few. */
export const readLockHolders = async (client: Client): Promise<LockHolder[]> =>
  (await client.query<LockHolder>(HOLDERS)).rows

export interface TableFacts {
  name: string
  liveRows: number
  deadRows: number
  /** Of autovacuum, that the migrations set and that it has not: as `ALTER TABLE … SET` takes them. */
  missing: readonly string[]
}

const TABLES = `SELECT c.relname::text AS name, c.reloptions AS options,
  pg_stat_get_live_tuples(c.oid)::float8 AS "liveRows", pg_stat_get_dead_tuples(c.oid)::float8 AS "deadRows"
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY($1::text[])
  ORDER BY c.relname`

export const readTables = async (client: Client): Promise<TableFacts[]> => {
  const wanted = vacuumOptions()
  const { rows } = await client.query<Omit<TableFacts, 'missing'> & { options: readonly string[] | null }>(TABLES, [
    [...wanted.keys()],
  ])
  return rows.map(({ options, ...table }) => {
    const given = new Set(options ?? [])
    return { ...table, missing: [...(wanted.get(table.name) ?? [])].filter(option => !given.has(option)) }
  })
}

const migrations = (): string =>
  readdirSync(MIGRATIONS)
    .filter(file => file.endsWith('.sql'))
    .sort()
    .map(file => readFileSync(`${MIGRATIONS}/${file}`, 'utf8'))
    .join('\n')

/** By table, as `name=value`: what the migrations set of autovacuum. */
const vacuumOptions = (): Map<string, Set<string>> => {
  const byTable = new Map<string, Map<string, string>>()
  for (const [, table = '', change = ''] of migrations().matchAll(/^ALTER TABLE "?(\w+)"?([^;]*)/gm)) {
    const options = byTable.get(table) ?? new Map<string, string>()
    const renamed = /^ RENAME TO "?(\w+)/.exec(change)?.[1]
    if (renamed) byTable.delete(table)
    byTable.set(renamed ?? table, options)
    for (const option of / SET \(([^)]+)\)/.exec(change)?.[1]?.split(',') ?? []) {
      const [name = '', value = ''] = option.replaceAll(/\s/g, '').split('=')
      if (name.startsWith('autovacuum_')) options.set(name, value)
    }
  }
  return new Map([...byTable].map(([table, options]) => [table, new Set([...options].map(pair => pair.join('=')))]))
}

interface Snapshot {
  tables: Readonly<Record<string, { name: string; indexes: Readonly<Record<string, { name: string }>> }>>
}

/** The schema that this version makes. */
const newestSnapshot = (): Snapshot => {
  const folder = `${MIGRATIONS}/meta`
  const newest = readdirSync(folder)
    .filter(file => file.endsWith('_snapshot.json'))
    .sort()
    .at(-1)
  return JSON.parse(readFileSync(`${folder}/${newest}`, 'utf8')) as Snapshot
}

/** Of which the snapshot knows nothing. */
const expectedViews = (): string[] => [...migrations().matchAll(/^CREATE VIEW "?(\w+)/gm)].map(([, name = '']) => name)

const expectedTables = (): string[] => [
  ...Object.values(newestSnapshot().tables).map(({ name }) => name),
  ...expectedViews(),
]

export interface SchemaFacts {
  /** Tables, views and indexes that are not there. */
  missing: readonly string[]
  /** Indexes that PostgreSQL does not use, since their building was broken off. */
  invalid: readonly string[]
  /** Triggers of the counts that are not there, or are off. */
  missingTriggers: readonly string[]
}

const EVENTS = ['insert', 'update', 'delete']
/** The triggers of the counts, as the migrations make them: a test compares them with those of a new database. */
const COUNTING = [
  ...['deliveries', 'lanes', 'registrations', 'verifications'].flatMap(table =>
    EVENTS.map(event => `${table}_counted_at_${event}`),
  ),
  ...['message_bodies_counted_at_insert', 'message_bodies_counted_at_delete'],
]

/** Enabled (origin, or always), with a function of ours: a function cannot be dropped beneath its trigger. */
const TRIGGERS = `SELECT tgname::text AS name FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
  WHERE c.relnamespace = 'public'::regnamespace AND NOT tgisinternal AND tgenabled IN ('O', 'A')
    AND tgname = c.relname || '_counted_at_' || split_part(tgname, '_counted_at_', 2)
    AND tgfoid = to_regproc(format('public.count_%s_%s', c.relname, split_part(tgname, '_counted_at_', 2)))`

export const readSchema = async (client: Client): Promise<SchemaFacts> => {
  const tables = Object.values(newestSnapshot().tables)
  const indexes = tables.flatMap(table => Object.values(table.indexes).map(({ name }) => name))
  const wanted = [...expectedTables(), ...indexes]
  const { rows } = await client.query<{ name: string; isInvalid: boolean | null }>(
    `SELECT c.relname::text AS name, NOT i.indisvalid AS "isInvalid" FROM pg_class c
     LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace`,
  )
  const triggers = await client.query<{ name: string }>(TRIGGERS)
  const counting = new Set(triggers.rows.map(({ name }) => name))
  const there = new Set(rows.map(({ name }) => name))
  return {
    missing: wanted.filter(name => !there.has(name)),
    invalid: rows.filter(({ isInvalid }) => isInvalid === true).map(({ name }) => name),
    missingTriggers: COUNTING.filter(name => !counting.has(name)),
  }
}
