import { MINUTE, SECOND } from '../../core/duration.ts'
import type { Transactions } from './connection.ts'
import { createFolding } from './folding.ts'
import { pause, type Sleep } from './pause.ts'
import { reindex } from './reindexing.ts'

export interface UpkeepOptions extends Pick<Transactions, 'write'> {
  url: string
  /** The database's clock. */
  now: () => number
  sleep: Sleep
}

const FOLD_EVERY_MS = 2 * SECOND
/** Transactions of one turn. */
const MOST_FOLDS = 20
const CARE_EVERY_MS = 10 * MINUTE

const TABLES = ['verifications', 'registrations', 'message_bodies', 'deliveries', 'lanes', 'attempts']
/** Autovacuum comes by itself, but where it is off, or has not come yet, the planner takes a large table for an empty one. */
const UNKNOWN = `
  SELECT relname AS name FROM pg_stat_user_tables
  WHERE schemaname = 'public' AND relname = ANY($1) AND n_live_tup >= 1000 AND last_analyze IS NULL AND last_autoanalyze IS NULL`

/** Gathers statistics of the tables of which the planner has none. */
export const analyze = ({ write }: Pick<Transactions, 'write'>): Promise<void> =>
  write(async tx => {
    const unknown = await tx.rows<{ name: string }>(UNKNOWN, [TABLES])
    for (const { name } of unknown) await tx.rows(`ANALYZE public.${name}`)
  })

/**
 * What a PostgreSQL database needs from time to time, on any number of nodes. Where it fails, it is tried again at its next time. Until
 * `close`, which waits for nothing that takes long.
 */
export const startUpkeep = ({ write, url, now, sleep }: UpkeepOptions): { close(): Promise<void> } => {
  const closing = new AbortController()
  const foldCounts = createFolding({ write, now })
  const every = async (ms: number, run: () => Promise<unknown>) => {
    while (!closing.signal.aborted) {
      await pause(sleep, ms, closing.signal)
        .then(run)
        .catch(() => {})
    }
  }
  const loops = [
    every(FOLD_EVERY_MS, () => foldCounts(MOST_FOLDS)),
    every(CARE_EVERY_MS, () => analyze({ write })),
    every(CARE_EVERY_MS, () => reindex({ write, url, signal: closing.signal })),
  ]
  return {
    close: async () => {
      closing.abort()
      await Promise.all(loops)
    },
  }
}
