import type { Store } from './store.ts'

/** Why nothing can be written now, as SQLite calls it (`SQLITE_FULL`), found by writing something; null: it can, for all we know. */
export const findWriteError = async (store: Pick<Store, 'probe'>): Promise<string | null> => {
  try {
    await store.probe()
    return null
  } catch (error) {
    return error instanceof Error ? (/\bSQLITE_\w+/.exec(error.message)?.[0] ?? null) : null
  }
}
