import { unavailable } from '../unavailable.ts'
import { isSilent, postgresCodeOf } from './failure.ts'
import type { Pool } from './pool.ts'
import type { TimeLimits } from './time-limits.ts'

/** A transaction, as what came of it is looked up. */
export interface Numbered {
  xid: string
  /** The server's life in which it has this number; null: none was told. */
  life: string | null
}

/** When to look what came of a commit whose answer was lost: for longer than the server waits for a client that does nothing. */
const OUTCOME_PAUSES_MS = [0, 50, 200, 500, 1_000, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000]

/**
 * A server that has crashed, or that takes the place of another one, gives the numbers of transactions again that were lost with it. So
 * its life has a name, in a table that is not logged: a crash and a fail-over empty it, a shutdown does not.
 */
export const LIFE = 'SELECT (SELECT id FROM server_life) AS life'
const STATUS = `SELECT pg_xact_status($1::text::xid8) AS status, (SELECT id FROM server_life) AS life`
const BEGIN_LIFE = 'INSERT INTO server_life (n, id) VALUES (1, gen_random_uuid()::text) ON CONFLICT DO NOTHING'

/** Names the life that has none. Where it fails, whoever finds it without a name next tries again. */
export const beginLife = async (pool: Pick<Pool, 'query'>): Promise<void> => {
  await pool.query(BEGIN_LIFE, []).catch(() => {})
}

/** Whether a transaction was committed whose answer was lost. Throws where that is not known. */
export const wasCommitted = async (
  pool: Pick<Pool, 'query' | 'suspectAll'>,
  { xid, life }: Numbered,
  {
    now,
    sleep,
    limits: { outcomeMs },
  }: { now: () => number; sleep: (ms: number) => Promise<unknown>; limits: Pick<TimeLimits, 'outcomeMs'> },
): Promise<boolean> => {
  const start = now()
  for (const pauseMs of OUTCOME_PAUSES_MS) {
    if (now() - start > outcomeMs) break
    await sleep(pauseMs)
    const found = await find(pool, xid)
    if (found === null) continue
    // Had ours been committed, its number would say so in every life.
    if (found.status === 'aborted') return false
    if (found.life === life && life !== null) {
      if (found.status === 'committed') return true
      continue
    }
    // Ours, or that of a later life which has its number now: nobody can tell.
    if (found.status === 'committed') break
    // A later one's: all that were open have ended with the life before.
    if (found.status === 'in progress' && life !== null) return false
  }
  throw unavailable({ en: 'whether it has recorded the change is not known', zh: '尚不清楚更改是否已写入' })
}

interface Found {
  /** Null: the server has forgotten. */
  status: string | null
  life: string | null
}

/** Null: the server cannot be asked. */
const find = async (pool: Pick<Pool, 'query' | 'suspectAll'>, xid: string): Promise<Found | null> => {
  try {
    const [row] = await pool.query<{ status: string | null; life: string | null }>(STATUS, [xid])
    return row ?? null
  } catch (error) {
    if (isSilent(error)) pool.suspectAll()
    // It has not come so far: after a fail-over, a server that does not have it.
    return postgresCodeOf(error) === '22023' ? { status: 'aborted', life: null } : null
  }
}
