import { resolve } from 'node:path'
import type { Config } from '../config/settings.ts'
import type { Database } from '../config/url-parsers.ts'
import type { OpenStoreDeps } from './opening.ts'
import { explainOpening } from './opening-failure.ts'
import type { Store } from './store.ts'

export type { OpeningEvent, OpenStoreDeps } from './opening.ts'

/** Opens the database that the settings name and brings it to the current schema. */
export const openStore = async (config: Pick<Config, 'storage' | 'upstream'>, deps: OpenStoreDeps): Promise<Store> => {
  const { database } = config.storage
  try {
    return database.kind === 'sqlite'
      ? await (await import('./sqlite/open.ts')).openSqliteFile(resolve(database.path), config, deps)
      : await (await import('./postgres/open.ts')).openPostgres(database.url.reveal(), config, deps)
  } catch (error) {
    throw explainStart(error, database)
  }
}

/** The error that keeps a service from starting on its database, as a sentence that says what to do, as far as anybody foresaw it. */
export const explainStart = (error: unknown, database: Database): unknown =>
  explainOpening(error, database.kind === 'sqlite' ? resolve(database.path) : database.url.reveal())
