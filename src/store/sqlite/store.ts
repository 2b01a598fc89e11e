import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Store, StoreEvents } from '../store.ts'
import { createVault } from '../vault.ts'
import { createAccounts } from './accounts.ts'
import { createBulkResends } from './bulk-resends.ts'
import { assertDurable, openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { migrate } from './drizzle.ts'
import { createMessages } from './messages.ts'
import { createPartners } from './partners.ts'
import { createRegistrationQueries } from './registration-queries.ts'
import { createRegistrations } from './registrations.ts'
import { createResealing } from './resealing.ts'
import { createRetention } from './retention.ts'
import { meta } from './schema.ts'
import { createSigningSecrets } from './signing-secrets.ts'
import { createVerifications } from './verifications.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/sqlite', import.meta.url))
const CANARY = 'idface-notifier'

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  path: string
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  now: () => number
  defaultRate: number
}

/**
 * Opens the SQLite file, at the current schema. Throws if the master key is not the one that the file was written with,
 * before it touches a row.
 */
export const openSqliteStore = async ({
  path,
  masterKey,
  previousKey,
  now,
  defaultRate,
}: SqliteOptions): Promise<Store> => {
  const events = new EventEmitter<StoreEvents>()
  events.setMaxListeners(0)
  const connection = openConnection(path, error => events.emit('broken', error))
  try {
    const context: Context = {
      ...connection,
      vault: createVault(masterKey, ...(previousKey ? [previousKey] : [])),
      now,
      events,
      defaultRate,
    }
    await bringUpToDate(context)
    return {
      now,
      events,
      ...createRegistrations(context),
      ...createRegistrationQueries(context),
      ...createVerifications(context),
      ...createMessages(context),
      ...createPartners(context),
      ...createAccounts(context),
      ...createSigningSecrets(context),
      ...createBulkResends(context),
      ...createRetention(context),
      ...createResealing(context),
      probe: () =>
        context.write(() => {
          const value = Buffer.from(String(now()))
          context.db
            .insert(meta)
            .values({ key: 'probed', value })
            .onConflictDoUpdate({ target: meta.key, set: { value } })
            .run()
        }),
      close: async () => connection.close(),
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

const bringUpToDate = async (context: Context) => {
  const { db, read, write, vault, client } = context
  // Two processes may start at once: the one that comes second waits, and finds nothing left to do.
  await read(() => migrate(db, { migrationsFolder: MIGRATIONS }))
  const sealed = client.prepare<[], { value: Buffer }>("SELECT value FROM meta WHERE key = 'canary'").get()?.value
  if (sealed) assertKey(() => vault.open(sealed, 'canary'))
  else
    await write(() =>
      db
        .insert(meta)
        .values({ key: 'canary', value: vault.seal(CANARY, 'canary') })
        .run(),
    )
  assertDurable(context)
}

const assertKey = (open: () => string) => {
  try {
    if (open() === CANARY) return
  } catch {}
  throw new Error(
    'MASTER_KEY is not the key that this database was written with; put the right one back (and while rekey has not ended, the one before it as MASTER_KEY_PREVIOUS)',
  )
}
