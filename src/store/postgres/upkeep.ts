import type { StoreContext } from '../context.ts'
import { newestOf } from '../opening.ts'
import type { Transactions, Tx } from '../tx.ts'
import { MIGRATIONS } from './opening.ts'

/** Transactions with each beat. */
const MOST_FOLDS = 20

const APPLIED = 'SELECT max(created_at) AS applied FROM public.__drizzle_migrations'

/** What each node does from time to time for all. */
export const createUpkeep = ({ read, write, hints }: StoreContext) => {
  // As this process was started: an upgrade may replace the folder beneath it.
  const newest = newestOf(MIGRATIONS)

  /** What a later version needs of the schema, this one does not know: it ends, and its next start says why. */
  const endIfOutdated = async () => {
    const [row] = await read(tx => tx.all<{ applied: number }>(APPLIED))
    if ((row?.applied ?? 0) > newest) hints.emit('broken', new Error('a later version has changed the schema'))
  }

  return async (): Promise<void> => {
    await endIfOutdated()
    // Any node may do so, and what fails is counted among the errors of the database.
    await foldCounts({ write }, MOST_FOLDS).catch(() => {})
  }
}

/** Changes that one transaction folds. */
const FOLDED_TOGETHER = 5_000

/**
 * Adds the oldest changes to the counts, and gives what those are now; by key, so that two nodes do not lock each other. An array, since
 * the planner may join a subquery by reading the whole table.
 */
const FOLD = `
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

/** @returns whether there was something to fold */
const fold = async (tx: Tx): Promise<boolean> => {
  const counts = await tx.all<{ what: string; owner: string; n: number }>(FOLD)
  const empty = counts.filter(({ n }) => n === 0)
  if (empty.length > 0) await tx.all(FORGET, { empty })
  return counts.length > 0
}

/** Adds what triggers have counted to the counts, until nothing is left, or for `most` transactions. Any number of nodes may do so. */
export const foldCounts = async ({ write }: Pick<Transactions, 'write'>, most: number): Promise<void> => {
  for (let left = most; left > 0; left--) if (!(await write(fold))) return
}
