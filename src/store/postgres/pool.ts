import type { PoolClient } from 'pg'
import type { PoolStats } from '../stats.ts'
import { pg } from './drizzle.ts'
import { unreachable } from './failure.ts'
import { TIME_LIMITS, type TimeLimits } from './time-limits.ts'

/** Connections to a primary or to a pooler before it. */
export interface Pool {
  /** Throws within `connectMs`: no connection is free, or none can be made. */
  connect(): Promise<PoolClient>
  stats(): PoolStats
  close(): Promise<void>
}

export interface PoolOptions {
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
const types = {
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

export const openPool = ({ size, limits, ...session }: PoolOptions): Pool => {
  const pool = new pg.Pool({ ...sessionOf(session, limits), max: size, idleTimeoutMillis: IDLE_TIMEOUT_MS })
  let closing: Promise<void> | null = null

  // One that breaks while it is idle is opened anew when it is needed.
  pool.on('error', () => {})
  // One that breaks between two statements says so at the next one.
  pool.on('connect', client => client.on('error', () => {}))

  return {
    connect: () =>
      pool.connect().catch((error: unknown) => {
        throw unreachable(error)
      }),
    stats: () => {
      // The pool gives out an idle connection at the next tick, until when whoever takes it counts as one that waits.
      const taken = Math.min(pool.idleCount, pool.waitingCount)
      const idle = pool.idleCount - taken
      return { inUse: pool.totalCount - idle, idle, waiting: pool.waitingCount - taken }
    },
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}
