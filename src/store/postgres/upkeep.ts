import type { StoreContext } from '../context.ts'
import { newestOf } from '../opening.ts'
import type { Transactions, Tx } from '../tx.ts'
import { MIGRATIONS } from './opening.ts'

/** Maximum number of folding transactions per heartbeat. */
const MAX_FOLDS = 20

const APPLIED = 'SELECT max(created_at) AS applied FROM public.__drizzle_migrations'

/** Returns the periodic work that any node does for all nodes. */
export const createUpkeep = ({ read, write, hints }: StoreContext) => {
  // Read at start: an upgrade may replace the folder while this process runs.
  const newest = newestOf(MIGRATIONS)

  /**
   * Emits `broken` if a later version has changed the schema, which this one cannot handle. The next start reports why.
   */
  const endIfOutdated = async () => {
    const [row] = await read(tx => tx.all<{ applied: number }>(APPLIED))
    if ((row?.applied ?? 0) > newest) hints.emit('broken', new Error('a later version has changed the schema'))
  }

  return async (): Promise<void> => {
    await endIfOutdated()
    // Errors are counted by the connection, and any later heartbeat may fold.
    await foldCounts({ write }, MAX_FOLDS).catch(() => {})
  }
}

/** Maximum number of changes per transaction. */
const FOLDED_TOGETHER = 5_000

/**
 * Adds the oldest changes to the counts and returns the new counts. Sorted by key, so that two nodes cannot deadlock.
 * ARRAY: the planner may turn a subquery into a join that reads the whole table.
 */
export const FOLD = `
  WITH folded AS (
    DELETE FROM count_changes WHERE id = ANY(ARRAY(
      SELECT id FROM count_changes ORDER BY id LIMIT ${FOLDED_TOGETHER} FOR UPDATE SKIP LOCKED))
    RETURNING what, owner, n)
  INSERT INTO counts AS known (what, owner, n)
    SELECT what, owner, sum(n)::bigint FROM folded GROUP BY owner, what ORDER BY owner, what
  ON CONFLICT (owner, what) DO UPDATE SET n = known.n + excluded.n
  RETURNING known.what, known.owner, known.n`

const FORGET = `
  DELETE FROM counts AS known USING unnest(@empty.what::text[], @empty.owner::text[]) AS empty(what, owner)
  WHERE known.what = empty.what AND known.owner = empty.owner AND known.n = 0`

/** @returns whether it folded any changes */
const fold = async (tx: Tx): Promise<boolean> => {
  const counts = await tx.all<{ what: string; owner: string; n: number }>(FOLD)
  const empty = counts.filter(({ n }) => n === 0)
  if (empty.length > 0) await tx.all(FORGET, { empty })
  return counts.length > 0
}

/** Folds the changes recorded by triggers into the counts, in at most `max` transactions. Several nodes may run it. */
export const foldCounts = async ({ write }: Pick<Transactions, 'write'>, max: number): Promise<void> => {
  for (let left = max; left > 0; left--) if (!(await write(fold))) return
}
