import type { PoolClient } from 'pg'
import type { PoolStats } from '../stats/stats.ts'
import { pg } from './drizzle.ts'
import { unreachable } from './failure.ts'

/** How long a node waits for the database, each in ms. */
export interface TimeLimits {
  /** A statement may take so long, then the server ends it. */
  statementMs: number
  /** A statement may wait for a lock so long. */
  lockMs: number
  /** A transaction may do nothing so long, then the server ends it, and its locks. */
  idleMs: number
  /** BEGIN waits for nothing, so a connection that is dead is found out by it. */
  beginMs: number
  /** Until a connection is free, or is made. */
  connectMs: number
  /** Longer than any statement may take: then the server cannot be heard. */
  answerMs: number
}

/** Those of the service; docs/postgresql.md tells what they come to. */
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
  /** What the server's list of sessions calls it. */
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

/** Connections to a primary or to a pooler before it. */
export const openPool = ({ size, limits, ...session }: PoolOptions) => {
  const ofPool = { pipeline: true, max: size, idleTimeoutMillis: IDLE_TIMEOUT_MS }
  const pool = new pg.Pool({ ...sessionOf(session, limits), ...ofPool })
  let closing: Promise<void> | null = null

  // One that breaks while it is idle is opened anew when it is needed.
  pool.on('error', () => {})
  // One that breaks between two statements says so at the next one.
  pool.on('connect', client => client.on('error', () => {}))

  return {
    /** Throws within `connectMs`: no connection is free, or none can be made. */
    connect: (): Promise<PoolClient> =>
      pool.connect().catch((error: unknown) => {
        throw unreachable(error)
      }),
    stats: (): PoolStats => {
      // The pool gives out an idle connection at the next tick, until when whoever takes it counts as one that waits.
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
