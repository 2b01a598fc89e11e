import { newestOf } from '../schema-age.ts'
import type { Context } from './context.ts'
import { foldCounts } from './counts.ts'
import { MIGRATIONS } from './opening.ts'

/** Transactions with each beat. */
const MOST_FOLDS = 20

const APPLIED = 'SELECT max(created_at) AS applied FROM public.__drizzle_migrations'

/** What each node does from time to time for all. */
export const createUpkeep = ({ read, write, hints }: Pick<Context, 'read' | 'write' | 'hints'>) => {
  // As this process was started: an upgrade may replace the folder beneath it.
  const newest = newestOf(MIGRATIONS)

  /** What a later version needs of the schema, this one does not know: it ends, and its next start says why. */
  const endIfOutdated = async () => {
    const [row] = await read(tx => tx.rows<{ applied: number }>(APPLIED))
    if ((row?.applied ?? 0) > newest) hints.emit('broken', new Error('a later version has changed the schema'))
  }

  return async (): Promise<void> => {
    await endIfOutdated()
    // Any node may do so, and what fails is counted among the errors of the database.
    await foldCounts({ write }, MOST_FOLDS).catch(() => {})
  }
}
