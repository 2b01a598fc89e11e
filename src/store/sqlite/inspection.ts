import { type AnyInspection, inspectAccounts } from '../inspection.ts'
import { createStats } from '../stats/stats.ts'
import { createFileFigures } from './file-figures.ts'
import { ageOf, hasTable } from './opening.ts'
import { openReadOnly } from './read-only.ts'
import type { SqliteOptions } from './store.ts'

export interface SqliteInspection extends AnyInspection {
  kind: 'sqlite'
  /** What SQLite finds wrong with the file; null: nothing. Takes time in proportion to its size. */
  findDamage(pragma: 'quick_check' | 'integrity_check'): string | null
}

/** @param options.path the real path of a file that is there */
export const openInspection = (options: SqliteOptions): SqliteInspection => {
  const context = openReadOnly(options)
  const { client, sealed } = context
  return {
    kind: 'sqlite',
    age: async () => ageOf(client),
    masterKey: sealed.keyId.toString('hex'),
    opensWithKey: async () => {
      if (!hasTable(client, 'meta')) return true
      const value = client.prepare<[], Buffer>("SELECT value FROM meta WHERE key = 'canary'").pluck().get()
      return value === undefined || sealed.canary.isOurs(value)
    },
    findDamage: pragma => {
      const found = client.prepare<[], string>(`PRAGMA ${pragma}(3)`).pluck().all().join('; ').replaceAll(/\s+/g, ' ')
      return found === 'ok' ? null : found
    },
    stats: createStats(context, createFileFigures(context.path)).stats,
    accounts: () => inspectAccounts(context),
    close: context.close,
  }
}
