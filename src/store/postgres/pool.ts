import type { PoolClient } from 'pg'
import type { PoolStats } from '../stats/stats.ts'
import { pg } from './drizzle.ts'
import { unreachable } from './failure.ts'

/** Time limits for the database, in ms. */
export interface TimeLimits {
  /** Maximum duration of a statement; the server then cancels it. */
  statementMs: number
  /** Maximum wait of a statement for a lock. */
  lockMs: number
  /** Maximum idle time within a transaction; the server then ends the session, which releases its locks. */
  idleMs: number
  /** Response timeout of BEGIN, which waits for nothing on the server: it detects a dead connection. */
  beginMs: number
  /** Maximum wait for a free or new connection. */
  connectMs: number
  /** Response timeout of a statement, above `statementMs`: the server is then unreachable. */
  answerMs: number
}

/** Limits of the service; docs/postgresql.md describes their effect. */
export const TIME_LIMITS: TimeLimits = {
  statementMs: 10_000,
  lockMs: 3_000,
  idleMs: 10_000,
  beginMs: 2_000,
  connectMs: 5_000,
  answerMs: 12_000,
}

export type Pool = ReturnType<typeof openPool>

interface PoolOptions {
  /** postgres://USER:PASSWORD@HOST/NAME */
  url: string
  /** Shown in the server's list of sessions. */
  name: string
  size: number
  limits: Pick<TimeLimits, 'connectMs' | 'answerMs'>
}

const IDLE_TIMEOUT_MS = 30_000
const KEEPALIVE_MS = 10_000

const INT8 = 20
const NUMERIC = 1700
export const types = {
  // Ids, counts and times are below 2^53.
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format as 'text'),
}

export const sessionOf = (
  { url, name }: Pick<PoolOptions, 'url' | 'name'>,
  { connectMs, answerMs }: PoolOptions['limits'] = TIME_LIMITS,
) => ({
  connectionString: url,
  application_name: `idface-notifier ${name}`,
  connectionTimeoutMillis: connectMs,
  query_timeout: answerMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEPALIVE_MS,
  types,
})

/** Opens a pool of connections to a primary, or to a pooler in front of it. */
export const openPool = ({ size, limits, ...session }: PoolOptions) => {
  const ofPool = { pipeline: true, max: size, idleTimeoutMillis: IDLE_TIMEOUT_MS }
  const pool = new pg.Pool({ ...sessionOf(session, limits), ...ofPool })
  let closing: Promise<void> | null = null

  // An idle connection that breaks is replaced when needed.
  pool.on('error', () => {})
  // If a connection breaks between two statements, the next one rejects.
  pool.on('connect', client => client.on('error', () => {}))

  return {
    /** Rejects within `connectMs` if no connection is free or can be opened. */
    connect: (): Promise<PoolClient> =>
      pool.connect().catch((error: unknown) => {
        throw unreachable(error)
      }),
    stats: (): PoolStats => {
      // pg hands out an idle connection at the next tick; until then its caller counts as waiting.
      const taken = Math.min(pool.idleCount, pool.waitingCount)
      const idle = pool.idleCount - taken
      return { inUse: pool.totalCount - idle, idle, waiting: pool.waitingCount - taken }
    },
    close: (): Promise<void> => {
      closing ??= pool.end()
      return closing
    },
  }
}
