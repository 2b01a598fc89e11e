import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Pool, PoolClient } from 'pg'
import { drizzle, pg } from './drizzle.ts'
import { explain, isLost, isUnprepared, judgeFailure, unavailable } from './failure.ts'

/** A transaction as the verbs of the store use it. */
export interface Tx {
  /** Epoch ms: when it began, by the clock of decisions. */
  at: number
  /** Runs one statement; its rows, with the names that it gives its columns. */
  rows<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /**
   * Until the transaction ends nobody else has a lock of one of these names: for what has no row yet that could be locked. `shared`: but
   * for those who share it too.
   */
  lock(names: readonly string[], how?: 'alone' | 'shared'): Promise<void>
  /** For the statements of few rows. */
  db: Db
}

export type Db = NodePgDatabase

export interface Transactions {
  /**
   * Runs it in one transaction, durable when the promise resolves. It may be undone and run again as a whole, so it must have no
   * effect but on the database.
   */
  write<T>(run: (tx: Tx) => Promise<T>): Promise<T>
  /** All that it reads is of one moment. */
  read<T>(run: (tx: Tx) => Promise<T>): Promise<T>
}

export interface Connection extends Transactions {
  /** For the loops of the workers, apart from the connections of calls, so that neither waits for the other. */
  loops: Transactions
  /** The database's clock, as far as the last transaction told it. */
  now: () => number
  /** Calls that failed because of the database, after it had been tried again. */
  onFailed: (listener: (error: unknown) => void) => void
  close(): Promise<void>
}

export interface ConnectionOptions {
  /** postgres://USER:PASSWORD@HOST/NAME */
  url: string
  /** Epoch ms; decides where the database's clock does not. */
  now: () => number
  /** False: `now` decides, not the database's clock. */
  hasDatabaseClock: boolean
  sleep: (ms: number) => Promise<unknown>
  /** Connections for calls, and as many for the loops. */
  connections: number
}

/** How long a statement may take, how long it may wait for a lock, and how long a transaction may do nothing. */
const LIMITS = { statement_timeout: 10_000, lock_timeout: 3_000, idle_in_transaction_session_timeout: 10_000 }
/** Longer than any statement may take: then the server cannot be heard. */
const ANSWER_TIMEOUT_MS = 12_000
const CONNECT_TIMEOUT_MS = 3_000
/** A run is tried so often, with these pauses. */
const PAUSES_MS = [20, 100, 400, 1_000]
/** How often, and after which pause, the outcome of a commit is asked for whose answer was lost. */
const OUTCOME_TRIES = 12
const OUTCOME_PAUSE_MS = 500

const SETTINGS = Object.entries(LIMITS)
  .map(([name, ms]) => `SET LOCAL ${name} = ${ms};`)
  .join(' ')
const CLOCK = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at'
/** One round trip. A pooler in transaction mode keeps nothing of a session, so all of it is set for the transaction. */
const BEGIN_WRITE = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${SETTINGS}
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
  SELECT pg_current_xact_id()::text AS xid, ${CLOCK}`
const BEGIN_READ = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${SETTINGS} SELECT NULL AS xid, ${CLOCK}`

/** In the order of their numbers, so that two transactions do not wait for each other. */
const NUMBERED =
  '(SELECT DISTINCT hashtextextended(name, 0) AS n FROM unnest($1::text[]) AS name ORDER BY n) AS numbered'
const LOCK = {
  alone: `SELECT pg_advisory_xact_lock(n) FROM ${NUMBERED}`,
  shared: `SELECT pg_advisory_xact_lock_shared(n) FROM ${NUMBERED}`,
}

const INT8 = 20
const NUMERIC = 1700
const types = {
  // Ids, counts and times are below 2^53.
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format as 'text'),
}

export const openConnection = (options: ConnectionOptions): Connection => {
  const { url, now, hasDatabaseClock, sleep } = options
  const listeners: ((error: unknown) => void)[] = []
  let aheadMs = 0
  /** False behind a pooler that does not keep prepared statements. */
  const prepared = { isKept: true }
  const names = new Map<string, string>()
  const nameOf = (text: string): string => {
    const known = names.get(text)
    if (known) return known
    const name = `s${names.size}`
    names.set(text, name)
    return name
  }

  const openPool = (name: string): Pool => {
    const pool = new pg.Pool({
      connectionString: url,
      application_name: `idface-notifier ${name}`,
      max: options.connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      keepAlive: true,
      idleTimeoutMillis: 30_000,
      types,
    })
    // An idle connection that breaks is opened anew when it is needed.
    pool.on('error', () => {})
    return pool
  }

  const begin = async (client: PoolClient, text: string): Promise<{ xid: string; tx: Tx }> => {
    const before = now()
    const results = (await client.query(text)) as unknown as { rows: { xid: string; at: number }[] }[]
    const [row] = results.at(-1)?.rows ?? []
    if (!row) throw new Error('the transaction has not begun')
    if (hasDatabaseClock) aheadMs = row.at - (before + now()) / 2
    const at = hasDatabaseClock ? row.at : now()
    const rows = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
      const name = prepared.isKept ? nameOf(sql) : undefined
      const { rows } = await client.query({ text: sql, values: [...values], ...(name ? { name } : {}) })
      return rows as Row[]
    }
    const lock: Tx['lock'] = async (wanted, how = 'alone') => void (await rows(LOCK[how], [wanted]))
    return { xid: row.xid, tx: { at, rows, lock, db: drizzle({ client }) } }
  }

  /** Whether a transaction was committed whose answer was lost. */
  const wasCommitted = async (pool: Pool, xid: string): Promise<boolean> => {
    for (let left = OUTCOME_TRIES; left > 0; left--) {
      await sleep(OUTCOME_PAUSE_MS)
      const outcome = await pool
        .query<{ status: string | null }>('SELECT pg_xact_status($1::text::xid8) AS status', [xid])
        .catch((error: unknown) => {
          // After a fail-over the new server may not have come so far: it does not have it.
          if (postgresRefuses(error)) return { rows: [{ status: 'aborted' }] }
          return null
        })
      const status = outcome?.rows[0]?.status
      if (status === 'committed') return true
      if (status === 'aborted') return false
    }
    throw unavailable({ en: 'whether it has recorded the change is not known', zh: '尚不清楚更改是否已写入' })
  }

  const runOnce = async <T>(pool: Pool, text: string, run: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    let isBroken = true
    try {
      const { xid, tx } = await begin(client, text)
      const value = await run(tx)
      try {
        const { command } = await client.query('COMMIT')
        isBroken = false
        if (command === 'COMMIT') return value
      } catch (error) {
        if (!isLost(error) || text === BEGIN_READ) throw error
        if (await wasCommitted(pool, xid)) return value
        throw error
      }
      throw new Error('PostgreSQL has undone a transaction in which a statement failed')
    } catch (error) {
      if (isBroken && !isLost(error)) isBroken = !(await rolledBack(client))
      throw error
    } finally {
      client.release(isBroken)
    }
  }

  const transactions = (pool: Pool): Transactions => {
    const attempt = async <T>(text: string, run: (tx: Tx) => Promise<T>): Promise<T> => {
      for (const pauseMs of [...PAUSES_MS, null]) {
        try {
          return await runOnce(pool, text, run)
        } catch (error) {
          if (isUnprepared(error)) prepared.isKept = false
          if (pauseMs !== null && judgeFailure(error) === 'again') {
            await sleep(pauseMs)
            continue
          }
          for (const listener of listeners) listener(error)
          throw explain(error)
        }
      }
      throw new Error('unreachable')
    }
    return { write: run => attempt(BEGIN_WRITE, run), read: run => attempt(BEGIN_READ, run) }
  }

  const [calls, loops] = [openPool('api'), openPool('loops')]
  return {
    ...transactions(calls),
    loops: transactions(loops),
    now: () => Math.round(now() + aheadMs),
    onFailed: listener => void listeners.push(listener),
    close: async () => {
      await Promise.all([calls.end(), loops.end()])
    },
  }
}

const rolledBack = (client: PoolClient): Promise<boolean> =>
  client.query('ROLLBACK').then(
    () => true,
    () => false,
  )

/** It answers, and says that the transaction is in its future. */
const postgresRefuses = (error: unknown): boolean => (error as { code?: unknown }).code === '22023'
