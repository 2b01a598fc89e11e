import { toldCodeOf } from './postgres/failure.ts'
import type { Store } from './store.ts'

/**
 * Why nothing can be written now, as the database calls it (`SQLITE_FULL`, `53100`), found by writing something; null: it can, for all
 * we know.
 */
export const findWriteError = async (store: Pick<Store, 'probe'>): Promise<string | null> => {
  try {
    await store.probe()
    return null
  } catch (error) {
    return databaseErrorOf(error)
  }
}

/** What the database calls it; null: that is not known. */
export const databaseErrorOf = (error: unknown): string | null =>
  error instanceof Error ? (/\bSQLITE_\w+/.exec(error.message)?.[0] ?? toldCodeOf(error)) : null
