import type Database from 'better-sqlite3'
import type { RefusingChannel } from '../../core/operator-channel.ts'
import type { LastBackup } from '../backup.ts'
import type { Account, ClaimedAccount, Stats } from '../store.ts'
import { prepareBackupRecords } from './backup-records.ts'
import { createDeliveriesHold } from './deliveries-hold.ts'
import { asc } from './drizzle.ts'
import { ageOf } from './opening.ts'
import { prepareOperatorChannel } from './operator-events.ts'
import { openReadOnly } from './read-only.ts'
import { accounts } from './schema.ts'
import { currentSchema, driftOf, type SchemaDrift, schemaObjectsOf } from './schema-drift.ts'
import { createStats } from './stats.ts'
import type { SqliteOptions } from './store.ts'

/** So many accounts are told of. */
const MOST_ACCOUNTS = 100

/** What can be learnt of a database that another process may have open, without changing it. */
export interface Inspection {
  sqliteVersion: string
  /** Which schema it has, seen from this version; what follows but for `findDamage` needs the current one. */
  age: ReturnType<typeof ageOf>
  opensWithKey: boolean
  /** What SQLite finds wrong with the file; null: nothing. Takes time in proportion to its size. */
  findDamage(how: 'quick' | 'deep'): string | null
  drift(): SchemaDrift
  stats(): Promise<Stats>
  deliveriesHeldAt(): Promise<number | null>
  lastBackup(): LastBackup
  refusingChannel(): RefusingChannel | null
  /** With their keys in the clear; null: it does not decrypt. */
  accounts(): {
    account: Pick<Account, 'id' | 'apiId' | 'passwordMode' | 'pausedAt'>
    apiKey: ClaimedAccount['apiKey'] | null
  }[]
  close(): Promise<void>
}

/** @param options.path the real path of a file that is there */
export const openInspection = (options: SqliteOptions): Inspection => {
  const context = openReadOnly(options)
  const { client, sealed, db } = context
  try {
    const version = client.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '?'
    return {
      sqliteVersion: version,
      age: ageOf(client),
      opensWithKey: opensWith(client, sealed),
      findDamage: how => damageOf(client, how),
      drift: () => driftOf(schemaObjectsOf(client), currentSchema()),
      stats: () => createStats(context).stats(),
      deliveriesHeldAt: () => createDeliveriesHold(context).deliveriesHeldAt(),
      lastBackup: () => prepareBackupRecords(client).last(),
      refusingChannel: () => prepareOperatorChannel(client).refusing(),
      accounts: () => {
        const rows = db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_ACCOUNTS).all()
        return rows.map(account => ({ account, apiKey: keyOf(() => sealed.accountKey.open(account)) }))
      },
      close: context.close,
    }
  } catch (error) {
    client.close()
    throw error
  }
}

const keyOf = <Key>(open: () => Key): Key | null => {
  try {
    return open()
  } catch {
    return null
  }
}

/** A database without one has not been written with any key yet. */
const opensWith = (client: Database.Database, { canary }: ReturnType<typeof openReadOnly>['sealed']): boolean => {
  if (ageOf(client) === 'new') return true
  const value = client.prepare<[], Buffer>("SELECT value FROM meta WHERE key = 'canary'").pluck().get()
  return value === undefined || canary.isOurs(value)
}

const damageOf = (client: Database.Database, how: 'quick' | 'deep'): string | null => {
  const pragma = how === 'deep' ? 'integrity_check' : 'quick_check'
  const findings = client.prepare<[], string>(`PRAGMA ${pragma}(3)`).pluck().all()
  const found = findings.join('; ').replaceAll(/\s+/g, ' ')
  return found === 'ok' ? null : found
}
