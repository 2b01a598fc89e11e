import { resolve } from 'node:path'
import type { Config } from '../config/settings.ts'
import type { Database } from '../config/url-parsers.ts'
import type { Emit } from '../telemetry/emit.ts'
import { explainOpening } from './opening-failure.ts'
import type { Store } from './store.ts'

export interface OpenStoreDeps {
  /** Epoch ms. */
  now: () => number
  random: (bytes: number) => Buffer
  /** Rejects when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<unknown>
  /** On a thread of its own no statement holds up the event loop; for a few calls such a thread is not worth its start. */
  runs: 'on its own thread' | 'here'
  emit: Emit<OpeningEvent>
}

export type OpeningEvent =
  | 'master_key.created'
  | 'database.created'
  | 'database.checking'
  | 'database.migrating'
  | 'database.migrated'

/** Opens the database that the settings name and brings it to the current schema. */
export const openStore = async (config: Pick<Config, 'storage' | 'upstream'>, deps: OpenStoreDeps): Promise<Store> => {
  const { database } = config.storage
  try {
    return database.kind === 'sqlite'
      ? await (await import('./open-sqlite.ts')).openSqliteFile(resolve(database.path), config, deps)
      : await (await import('./open-postgres.ts')).openPostgres(database.url.reveal(), config, deps)
  } catch (error) {
    throw explainStart(error, database)
  }
}

/** The error that keeps a service from starting on its database, as a sentence that says what to do, as far as anybody foresaw it. */
export const explainStart = (error: unknown, database: Database): unknown =>
  explainOpening(error, database.kind === 'sqlite' ? resolve(database.path) : database.url.reveal())
