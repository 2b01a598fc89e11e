import type Database from 'better-sqlite3'
import { type AnyInspection, inspectAccount, MOST_INSPECTED_ACCOUNTS } from '../inspection.ts'
import { isThere } from '../rules/nodes.ts'
import { prepareBackupRecords } from './backup-records.ts'
import { createDeliveriesHold } from './deliveries-hold.ts'
import { asc } from './drizzle.ts'
import { createNodes } from './nodes.ts'
import { ageOf } from './opening.ts'
import { prepareOperatorChannel } from './operator-events.ts'
import { openReadOnly } from './read-only.ts'
import { accounts } from './schema.ts'
import { createStats } from './stats.ts'
import type { SqliteOptions } from './store.ts'

export interface SqliteInspection extends AnyInspection {
  kind: 'sqlite'
  /** What SQLite finds wrong with the file; null: nothing. Takes time in proportion to its size. */
  findDamage(how: 'quick' | 'deep'): string | null
}

/** @param options.path the real path of a file that is there */
export const openInspection = (options: SqliteOptions): SqliteInspection => {
  const context = openReadOnly(options)
  const { client, sealed, db } = context
  const { listNodes } = createNodes(context)
  try {
    return {
      kind: 'sqlite',
      age: ageOf(client),
      opensWithKey: opensWith(client, sealed),
      findDamage: how => damageOf(client, how),
      stats: () => createStats(context).stats(),
      deliveriesHeldAt: () => createDeliveriesHold(context).deliveriesHeldAt(),
      lastBackup: async () => prepareBackupRecords(client).last(),
      refusingChannel: async () => prepareOperatorChannel(client).refusing(),
      listNodes,
      presentNodes: async () => (await listNodes()).filter(node => isThere(node, context.now())),
      accounts: async () => {
        const rows = db.select().from(accounts).orderBy(asc(accounts.id)).limit(MOST_INSPECTED_ACCOUNTS).all()
        return rows.map(row => inspectAccount(row, sealed))
      },
      close: context.close,
    }
  } catch (error) {
    client.close()
    throw error
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
