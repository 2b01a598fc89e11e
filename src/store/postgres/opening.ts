import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { StartError } from '../../core/error.ts'
import { judgeSchema, refuseKey, refuseLater, type SchemaAge } from '../opening.ts'
import type { Sealed } from '../sealed.ts'
import { drizzle, migrate, pg } from './drizzle.ts'
import { postgresCodeOf } from './failure.ts'
import { TIME_LIMITS, type TimeLimits } from './pool.ts'

export const MIGRATIONS = fileURLToPath(new URL('../../../migrations/postgres', import.meta.url))

/** `created`: the database had no schema. `migrating`, `migrated`: begin and end of an upgrade of an older schema. */
export type OpeningStep = { step: 'created' } | { step: 'migrating'; bytes: number } | { step: 'migrated' }

/** Advisory lock of the migrating node; the others wait for `LOCK_TIMEOUT_MS`. The number is arbitrary. */
const MIGRATION_LOCK = 0x69_64_66_6e
const LOCK_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000
/** Older major versions are out of maintenance. */
const OLDEST_SERVER = 140_000

/**
 * Brings the database to the current schema. Throws before it changes anything, with advice for the operator, if the
 * server is too old, the encoding is not UTF8, a later version has changed the schema, or the master key differs.
 */
export const bringUpToDate = async (
  url: string,
  {
    sealed,
    onStep,
    limits = TIME_LIMITS,
  }: {
    sealed: Sealed
    onStep: (step: OpeningStep) => void
    limits?: Pick<TimeLimits, 'lockMs'> | undefined
  },
): Promise<void> => {
  const guard = await openClient(url, 'migrate')
  try {
    await refuseOldServer(guard)
    await refuseEncoding(guard)
    // A transaction holds the lock: this works through a pooler and ends with the connection.
    await guard.query(
      `BEGIN; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; SET LOCAL idle_in_transaction_session_timeout = 0`,
    )
    await guard.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]).catch(refuseLock)
    // A session may hold a table lock for hours.
    await guard.query(`SET LOCAL lock_timeout = ${limits.lockMs}`)
    const age = await ageOf(guard)
    if (age === 'later') refuseLater()
    if (age !== 'new') await assertKey(guard, sealed)
    if (age === 'older') onStep({ step: 'migrating', bytes: await sizeOf(guard) })
    if (age !== 'current') await runMigrations(url, MIGRATIONS, limits)
    await guard.query("INSERT INTO meta (key, value) VALUES ('canary', $1) ON CONFLICT DO NOTHING", [
      sealed.canary.seal(),
    ])
    await guard.query('COMMIT')
    if (age === 'older') onStep({ step: 'migrated' })
    if (age === 'new') onStep({ step: 'created' })
  } finally {
    await guard.end()
  }
}

/** Applies the missing migrations of a folder, all or none. Throws if a table stays locked for longer than `lockMs`. */
export const runMigrations = async (
  url: string,
  folder: string,
  { lockMs }: Pick<TimeLimits, 'lockMs'> = TIME_LIMITS,
): Promise<void> => {
  const client = await openClient(url, 'migrate')
  try {
    // drizzle's own BEGIN has no effect within this transaction, and its COMMIT ends it. `search_path`: PostgreSQL
    // would first try a schema of the role's name.
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockMs}; SET LOCAL search_path = public`)
    await migrate(drizzle({ client }), { migrationsFolder: folder, migrationsSchema: 'public' })
  } finally {
    await client.end()
  }
}

/**
 * Opens a connection for one purpose, whose `name` the server's list of sessions shows.
 *
 * @param answerWithinMs timeout of each statement; none by default
 */
export const openClient = async (url: string, name: string, answerWithinMs?: number): Promise<Client> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: `idface-notifier ${name}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(answerWithinMs === undefined ? {} : { query_timeout: answerWithinMs }),
  })
  // The pending statement rejects with it.
  client.on('error', () => {})
  await client.connect()
  return client
}

const sizeOf = async (client: Client): Promise<number> => {
  const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes')
  return Number(rows[0]?.bytes ?? 0)
}

const refuseLock = (error: unknown): never => {
  if (postgresCodeOf(error) !== '55P03') throw error
  const words = {
    en: 'another node has been migrating this database for a minute: wait until it has ended, and start again',
    zh: '另一个节点迁移该数据库已超过一分钟：请等待其结束后重新启动',
  }
  throw new StartError(words, { cause: error })
}

const refuseOldServer = async (client: Client) => {
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version_num') AS version")
  const version = Number(rows[0]?.version)
  if (version >= OLDEST_SERVER) return
  const found = Math.floor(version / 10_000)
  throw new StartError({
    en: `DATABASE_URL: this server is PostgreSQL ${found}; PostgreSQL 14 or later is needed`,
    zh: `DATABASE_URL：该服务器是 PostgreSQL ${found}；需要 PostgreSQL 14 或更高版本`,
  })
}

/** Names and messages may be in any language. */
const refuseEncoding = async (client: Client) => {
  const { rows } = await client.query<{ encoding: string }>("SELECT current_setting('server_encoding') AS encoding")
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new StartError({
    en: `DATABASE_URL: this database is encoded in ${encoding}; make one with CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'`,
    zh: `DATABASE_URL：该数据库的编码是 ${encoding}；请用 CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' 新建`,
  })
}

export const ageOf = async (client: Pick<Client, 'query'>): Promise<SchemaAge> => {
  const { rows: tables } = await client.query(
    "SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = '__drizzle_migrations'",
  )
  return tables.length === 0 ? 'new' : judgeSchema(MIGRATIONS, await appliedOf(client))
}

/** Returns the journal's `when` of the newest applied migration, or null if there is none. */
const appliedOf = async (client: Pick<Client, 'query'>): Promise<number | null> => {
  const { rows } = await client.query<{ applied: string | null }>(
    'SELECT max(created_at) AS applied FROM public.__drizzle_migrations',
  )
  const applied = rows[0]?.applied ?? null
  return applied === null ? null : Number(applied)
}

/** Returns the value that only the right master key opens, or null if none is stored yet. */
export const canaryOf = async (client: Pick<Client, 'query'>): Promise<Buffer | null> => {
  const { rows } = await client.query<{ value: Buffer }>("SELECT value FROM meta WHERE key = 'canary'")
  return rows[0]?.value ?? null
}

const assertKey = async (client: Client, sealed: Sealed) => {
  const canary = await canaryOf(client)
  if (canary !== null && !sealed.canary.isOurs(canary)) refuseKey()
}
