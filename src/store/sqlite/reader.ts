import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import Database from 'better-sqlite3'
import { createSealed } from '../sealed.ts'
import type { Store, StoreHints } from '../store.ts'
import { createOpenOr } from '../unreadable.ts'
import { createVault } from '../vault.ts'
import { createActs } from './acts.ts'
import { BUSY_TIMEOUT_MS, createAttempts } from './attempts.ts'
import type { Context } from './context.ts'
import { realPathOf } from './database-file.ts'
import { drizzle } from './drizzle.ts'
import { createEvents } from './events.ts'
import { createPartnerStatus } from './partner-status.ts'
import { createRegistrationQueries } from './registration-queries.ts'
import { createStats } from './stats.ts'
import type { SqliteOptions } from './store.ts'

/** The verbs whose work grows with what there is. */
export type ReadVerb =
  | 'listRegistrations'
  | 'listAttempts'
  | 'listEvents'
  | 'listActs'
  | 'explain'
  | 'usageOf'
  | 'statusOf'
  | 'stats'

/**
 * A second connection to a file that a store has open and at the current schema: for long reads, which would hold up that
 * store's writes. It sees what is committed, and a commit is seen only once it is synced (decisions/026).
 */
export const openSqliteReader = ({
  path,
  masterKey,
  previousKey,
  now,
  defaultRate,
  sandbox = false,
}: SqliteOptions): Pick<Store, ReadVerb | 'now' | 'hints' | 'close'> => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const file = realPathOf(path)
  const client = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  const { attempt } = createAttempts({ path: file, onBroken: error => hints.emit('broken', error) })
  const context: Context = {
    db: drizzle({ client }),
    client,
    read: attempt,
    write: async () => {
      throw new Error('this connection only reads')
    },
    beginUpkeep: () => {},
    endStart: () => {},
    close: async () => void client.close(),
    sealed: createSealed(createVault(randomBytes, masterKey, ...(previousKey ? [previousKey] : []))),
    openOr: createOpenOr(hints),
    now,
    hints,
    defaultRate,
    sandbox,
  }
  return {
    now,
    hints,
    ...createRegistrationQueries(context),
    ...createEvents(context),
    ...createActs(context),
    ...createPartnerStatus(context),
    ...createStats(context),
    close: context.close,
  }
}
