import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { createEngineCounts } from '../stats/engine-counts.ts'
import type { PostgresCounts } from '../stats/stats.ts'
import type { Transactions, Tx } from '../tx.ts'
import { connectionAfter, errorForCaller, isUnsent, judgeFailure, readOnly, storeErrorOf } from './failure.ts'
import { openPool, type Pool, TIME_LIMITS, type TimeLimits } from './pool.ts'
import { openTx } from './tx.ts'

export interface Connection extends Transactions {
  /** For the workers' loops, over a second pool, so that loops and calls do not wait for each other. */
  loops: Transactions
  /** The database's clock, estimated from the last transaction. */
  now: () => number
  engineCounts: () => Omit<PostgresCounts, 'kind' | 'isListening' | 'unreadableHints'>
  close(): Promise<void>
}

export interface ConnectionOptions {
  /** postgres://USER:PASSWORD@HOST/NAME */
  url: string
  /** Local clock, epoch ms; decides if `hasDatabaseClock` is false. */
  now: () => number
  /** Whether the database's clock decides instead of `now`. */
  hasDatabaseClock: boolean
  /** Rejects when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>
  /** Size of the pool for calls, and of the pool for loops. */
  connections: number
  /** `TIME_LIMITS` by default. */
  limits?: TimeLimits
}

/** Pauses between the runs of a call. No rerun starts later than `RUN_AGAIN_WITHIN_MS` after the first run. */
const PAUSES_MS = [20, 100, 400, 1_000]
const RUN_AGAIN_WITHIN_MS = 3_000

/**
 * Each transaction sets its limits, since a pooler in transaction mode drops a session's settings. A weaker
 * `synchronous_commit` of the session is overruled. READ WRITE is not set: it would overrule a read-only server.
 */
const begunWith = ({ statementMs, lockMs, idleMs }: TimeLimits, more = ''): string => `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at, pg_is_in_recovery() AS "isStandby",
    set_config('statement_timeout', '${statementMs}', true), set_config('lock_timeout', '${lockMs}', true),
    set_config('idle_in_transaction_session_timeout', '${idleMs}', true),${more}
    (SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local'))`
/**
 * The same few statements run repeatedly, each by an index. For arrays that it expects to be small, PostgreSQL plans
 * anew on each call, which takes as long as running. Plans are kept, so they must not assume that a table stays small.
 * A lookup that is made once for each row finds nothing in a cache of its results.
 */
const PLANNED_ONCE = `
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
    set_config('enable_memoize', 'off', true),`
const BEGIN = {
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED',
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
}

interface Begun {
  at: number
  isStandby: boolean
}

/** Statements without a result are sent without waiting; if one fails, all later ones fail. */
const WITHOUT_RESULT = /^\s*(?!.*\bRETURNING\b)(INSERT|UPDATE|DELETE|SELECT pg_advisory_xact_lock)/s

/** The response to a COMMIT is lost. The transaction may be durable, so it is not retried. */
class CommitLost extends Error {}

export const openConnection = (options: ConnectionOptions): Connection => {
  const { url, now, hasDatabaseClock, sleep, limits = TIME_LIMITS } = options
  const [begun, begunPlannedOnce] = [begunWith(limits), begunWith(limits, PLANNED_ONCE)]
  const counts = createEngineCounts(storeErrorOf)
  let aheadMs = 0
  const prepare = createPreparing()

  /** Returns when the transaction began, epoch ms. */
  const begin = async (client: PoolClient, pool: Pool, kind: keyof Transactions): Promise<number> => {
    const before = now()
    // Reads of calls are planned for their values, since filters vary.
    const text = pool === calls && kind === 'read' ? begun : begunPlannedOnce
    corkUntilNextTick(client)
    const limit = { query_timeout: limits.beginMs }
    const [, { rows }] = await Promise.all([
      client.query({ text: BEGIN[kind], ...limit }),
      client.query<Begun>({ ...prepare.named(text), ...limit }),
    ])
    const [{ at, isStandby }] = rows as [Begun]
    // A standby may lag behind.
    if (isStandby) throw readOnly()
    if (hasDatabaseClock) aheadMs = at - (before + now()) / 2
    return hasDatabaseClock ? at : now()
  }

  /** @param sent settles with the statements sent before */
  const commit = async (client: PoolClient, sent: Promise<unknown>): Promise<void> => {
    corkUntilNextTick(client)
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
    /** Rejects with the error of the first failed statement; later errors only result from it. */
    let sent: Promise<unknown> = Promise.resolve()
    const run = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
      corkUntilNextTick(client)
      const answer = client.query({ ...prepare.named(sql), values: [...values] })
      sent = sent.then(() => answer)
      for (const one of [sent, answer]) one.catch(() => {})
      return WITHOUT_RESULT.test(sql) ? [] : ((await answer).rows as Row[])
    }
    try {
      const at = await begin(client, pool, kind)
      const value = await verb(openTx(run, { at, client }))
      // A read does not wait for its COMMIT; a failure shows at the next use of the connection.
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
    // Monotonic, since the wall clock may be set meanwhile.
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
        throw errorForCaller(error)
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

/** Prepares statements once per connection, until an error shows that a pooler drops them. */
const createPreparing = () => {
  const names = new Map<string, string>()
  let isKept = true
  return {
    named: (text: string): { text: string; name?: string } => {
      if (!isKept) return { text }
      // Hash of the text: behind a pooler another node may have prepared statements on the same server connection.
      const name = names.get(text) ?? createHash('sha256').update(text).digest('base64url')
      names.set(text, name)
      return { text, name }
    },
    giveUp: () => {
      isKept = false
    },
  }
}

/** Sends everything from this turn of the event loop in one write. */
const corkUntilNextTick = ({ connection: { stream } }: PoolClient): void => {
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

const rolledBack = (client: PoolClient): Promise<boolean> =>
  client.query('ROLLBACK').then(
    () => true,
    () => false,
  )
