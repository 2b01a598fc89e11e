import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createSealed } from '../sealed.ts'
import type { Store, StoreEvents } from '../store.ts'
import { createVault } from '../vault.ts'
import { createAccounts } from './accounts.ts'
import { createApiKeys } from './api-keys.ts'
import { createBulkResends } from './bulk-resends.ts'
import { createCompletions } from './completions.ts'
import { openConnection } from './connection.ts'
import type { Context } from './context.ts'
import { migrate } from './drizzle.ts'
import { createEvents } from './events.ts'
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

export interface SqliteOptions {
  /** A file, or `:memory:`. */
  path: string
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  now: () => number
  defaultRate: number
  /** Messages about test serials say so; false unless given. */
  sandbox?: boolean
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
  sandbox = false,
}: SqliteOptions): Promise<Store> => {
  const events = new EventEmitter<StoreEvents>()
  events.setMaxListeners(0)
  const connection = openConnection(path, error => events.emit('broken', error))
  try {
    const context: Context = {
      ...connection,
      sealed: createSealed(createVault(randomBytes, masterKey, ...(previousKey ? [previousKey] : []))),
      now,
      events,
      defaultRate,
      sandbox,
    }
    await bringUpToDate(context)
    return {
      now,
      events,
      ...createRegistrations(context),
      ...createRegistrationQueries(context),
      ...createEvents(context),
      ...createVerifications(context),
      ...createCompletions(context),
      ...createMessages(context),
      ...createPartners(context),
      ...createApiKeys(context),
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
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}

const bringUpToDate = async (context: Context) => {
  const { db, write, sealed } = context
  // The key first: with a wrong one nothing is touched, the schema neither.
  const knows = context.client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get()
  if (knows) assertKey(context)
  await migrateOnce(context)
  const value = sealed.canary.seal()
  await write(() => db.insert(meta).values({ key: 'canary', value }).onConflictDoNothing().run())
  assertKey(context)
  context.endStart()
}

/** Two processes may start at once: the one that comes second fails, and finds nothing left to do when it tries again. */
const migrateOnce = async ({ db, read }: Context) => {
  const run = () => read(() => migrate(db, { migrationsFolder: MIGRATIONS }))
  await run().catch(run)
}

const assertKey = ({ client, sealed }: Context) => {
  const canary = client.prepare<[], { value: Buffer }>("SELECT value FROM meta WHERE key = 'canary'").get()
  if (!canary || sealed.canary.isOurs(canary.value)) return
  throw new Error(
    'MASTER_KEY is not the key that this database was written with; put the right one back (and while rekey has not ended, the one before it as MASTER_KEY_PREVIOUS)',
  )
}
