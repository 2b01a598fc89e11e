import { findRegistered, type Inspection, inspectAccounts } from '../inspection.ts'
import { statsVerbs } from '../stats/counts.ts'
import { ageOf, canaryOf, hasTable } from './opening.ts'
import { openReadOnly } from './read-only.ts'
import { isKeptFromWriting } from './service-lock.ts'
import type { SqliteOptions } from './store.ts'

export interface SqliteInspection extends Inspection {
  kind: 'sqlite'
  /** Returns SQLite's findings of damage, or null if there are none. Takes time proportional to the file's size. */
  findDamage(pragma: 'quick_check' | 'integrity_check'): string | null
  isLocked(): boolean
}

/** @param options.path real path of an existing file */
export const openInspection = (options: SqliteOptions): SqliteInspection => {
  const { client, context, engine, close } = openReadOnly(options)
  const { sealed } = context
  return {
    kind: 'sqlite',
    age: async () => ageOf(client),
    masterKey: sealed.keyId.toString('hex'),
    opensWithKey: async () => {
      if (!hasTable(client, 'meta')) return true
      const canary = canaryOf(client)
      return canary === null || sealed.canary.isOurs(canary)
    },
    findDamage: pragma => {
      const found = client.prepare<[], string>(`PRAGMA ${pragma}(3)`).pluck().all().join('; ').replaceAll(/\s+/g, ' ')
      return found === 'ok' ? null : found
    },
    isLocked: () => isKeptFromWriting(options.path),
    stats: statsVerbs.searches(context, engine).stats,
    accounts: () => inspectAccounts(context),
    registeredAs: serial => findRegistered(context, serial),
    close,
  }
}
