import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { createEngineCounts } from '../stats/engine-counts.ts'
import type { PostgresCounts } from '../stats/stats.ts'
import type { Transactions, Tx } from '../tx.ts'
import { drizzle } from './drizzle.ts'
import { connectionAfter, explain, isUnsent, judgeFailure, readOnly, storeErrorOf } from './failure.ts'
import { openPool, type Pool, TIME_LIMITS, type TimeLimits } from './pool.ts'
import { openTx } from './tx.ts'

export interface Connection extends Transactions {
  /** For the loops of the workers, apart from the connections of calls, so that neither waits for the other. */
  loops: Transactions
  /** The database's clock, as far as the last transaction told it. */
  now: () => number
  engineCounts: () => Omit<PostgresCounts, 'kind' | 'isListening' | 'unreadableHints'>
  close(): Promise<void>
}

export interface ConnectionOptions {
  /** postgres://USER:PASSWORD@HOST/NAME */
  url: string
  /** Epoch ms; decides where the database's clock does not. */
  now: () => number
  /** False: `now` decides, not the database's clock. */
  hasDatabaseClock: boolean
  /** Rejects when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>
  /** Connections for calls, and as many for the loops. */
  connections: number
  /** `TIME_LIMITS` unless given. */
  limits?: TimeLimits
}

/** A call is run again after these pauses, but not once it has lasted so long. */
const PAUSES_MS = [20, 100, 400, 1_000]
const RUN_AGAIN_WITHIN_MS = 3_000

/**
 * Each transaction sets them for itself, since a pooler in transaction mode keeps nothing of a session. Where the session says that commits
 * need not be durable, it is overruled; READ WRITE would overrule a read-only server.
 */
const begunWith = ({ statementMs, lockMs, idleMs }: TimeLimits, more = ''): string => `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at, pg_is_in_recovery() AS "isStandby",
    set_config('statement_timeout', '${statementMs}', true), set_config('lock_timeout', '${lockMs}', true),
    set_config('idle_in_transaction_session_timeout', '${idleMs}', true),${more}
    (SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local'))`
/**
 * The same few statements run over and over, each by an index: planned anew for each call, as PostgreSQL does where it estimates few rows for
 * an array, they take as long to plan as to run. A plan is kept, so it must not depend on how small a table was.
 */
const PLANNED_ONCE = `
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),`
const BEGIN = {
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED',
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
}

interface Begun {
  at: number
  isStandby: boolean
}

/** A statement without a result is sent and not awaited: where it fails, so does all that follows. */
const ANSWERS_NOTHING = /^\s*(?!.*\bRETURNING\b)(INSERT|UPDATE|DELETE|SELECT pg_advisory_xact_lock)/s

/** Whether it was committed is not known, so it is not run again. */
class CommitLost extends Error {}

export const openConnection = (options: ConnectionOptions): Connection => {
  const { url, now, hasDatabaseClock, sleep, limits = TIME_LIMITS } = options
  const [begun, begunPlannedOnce] = [begunWith(limits), begunWith(limits, PLANNED_ONCE)]
  const counts = createEngineCounts(storeErrorOf)
  let aheadMs = 0
  const prepare = createPreparing()

  /** When it began. */
  const begin = async (client: PoolClient, pool: Pool, kind: keyof Transactions): Promise<number> => {
    const before = now()
    // Reads of calls are planned for their values: people filter by much.
    const text = pool === calls && kind === 'read' ? begun : begunPlannedOnce
    together(client)
    const limit = { query_timeout: limits.beginMs }
    const [, { rows }] = await Promise.all([
      client.query({ text: BEGIN[kind], ...limit }),
      client.query<Begun>({ ...prepare.named(text), ...limit }),
    ])
    const [{ at, isStandby }] = rows as [Begun]
    // It may be behind what is true.
    if (isStandby) throw readOnly()
    if (hasDatabaseClock) aheadMs = at - (before + now()) / 2
    return hasDatabaseClock ? at : now()
  }

  /** @param sent what was sent before it and may not be answered yet */
  const commit = async (client: PoolClient, sent: Promise<unknown>): Promise<void> => {
    together(client)
    const [{ command }] = await counts
      .timed(() => Promise.all([client.query('COMMIT'), sent]))
      .catch((error: unknown) => {
        const isLost = connectionAfter(error) === 'lost' && !isUnsent(error)
        throw isLost ? new CommitLost('the answer to a COMMIT is lost', { cause: error }) : error
      })
    if (command !== 'COMMIT') throw new Error('PostgreSQL has undone a transaction in which a statement failed')
  }

  const runOnce = async <T>(pool: Pool, kind: keyof Transactions, verb: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await pool.connect()
    let isReusable = false
    /** Rejects as the first statement that fails, whose error all after it only repeat. */
    let sent: Promise<unknown> = Promise.resolve()
    const run = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
      together(client)
      const answer = client.query({ ...prepare.named(sql), values: [...values] })
      sent = sent.then(() => answer)
      for (const one of [sent, answer]) one.catch(() => {})
      return ANSWERS_NOTHING.test(sql) ? [] : ((await answer).rows as Row[])
    }
    try {
      const at = await begin(client, pool, kind)
      const value = await verb(openTx(run, { at, db: drizzle({ client }) }))
      // Whoever uses the connection next finds out if it fails.
      await (kind === 'write' ? commit(client, sent) : void client.query('COMMIT').catch(() => {}))
      isReusable = true
      return value
    } catch (thrown) {
      const error = thrown instanceof CommitLost ? thrown : await sent.then(() => thrown).catch(first => first)
      const state = connectionAfter(error)
      isReusable = state !== 'lost' && state !== 'stale' && (await rolledBack(client))
      throw error
    } finally {
      client.release(!isReusable)
    }
  }

  const runAgain = async <T>(pool: Pool, kind: keyof Transactions, run: (tx: Tx) => Promise<T>): Promise<T> => {
    // The other clock may be set meanwhile.
    const start = performance.now()
    for (const pauseMs of PAUSES_MS) {
      try {
        return await runOnce(pool, kind, run)
      } catch (error) {
        if (connectionAfter(error) === 'unprepared') prepare.giveUp()
        const mayRunAgain = judgeFailure(error) === 'again' && !(error instanceof CommitLost)
        if (!mayRunAgain || performance.now() - start + pauseMs >= RUN_AGAIN_WITHIN_MS) throw error
        await sleep(pauseMs)
      }
    }
    return runOnce(pool, kind, run)
  }

  const transactions = (pool: Pool): Transactions => {
    const call = async <T>(kind: keyof Transactions, run: (tx: Tx) => Promise<T>): Promise<T> => {
      try {
        return await runAgain(pool, kind, run)
      } catch (error) {
        counts.failed(error)
        throw explain(error)
      }
    }
    return { write: run => call('write', run), read: run => call('read', run) }
  }

  const [calls, loops] = ['api', 'loops'].map(name => openPool({ url, name, size: options.connections, limits })) as [
    Pool,
    Pool,
  ]
  return {
    ...transactions(calls),
    loops: transactions(loops),
    now: () => Math.round(now() + aheadMs),
    engineCounts: () => ({
      ...counts.read(),
      pools: { api: calls.stats(), loops: loops.stats() },
      clockAheadMs: Math.round(aheadMs),
    }),
    close: async () => {
      await Promise.all([calls.close(), loops.close()])
    },
  }
}

/** Statements are prepared once for each connection, until it shows that a pooler does not keep them. */
const createPreparing = () => {
  const names = new Map<string, string>()
  let isKept = true
  return {
    named: (text: string): { text: string; name?: string } => {
      if (!isKept) return { text }
      // Of its text, since behind a pooler another node may have prepared its own on the same connection of the server.
      const name = names.get(text) ?? createHash('sha256').update(text).digest('base64url')
      names.set(text, name)
      return { text, name }
    },
    giveUp: () => {
      isKept = false
    },
  }
}

/** What is sent in this turn of the event loop is one write. */
const together = ({ connection: { stream } }: PoolClient): void => {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

const rolledBack = (client: PoolClient): Promise<boolean> =>
  client.query('ROLLBACK').then(
    () => true,
    () => false,
  )
