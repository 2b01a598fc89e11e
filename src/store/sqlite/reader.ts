import type { Store } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { realPathOf } from './database-file.ts'
import { createFileFigures } from './file-figures.ts'
import { openReadOnly } from './read-only.ts'
import { READ_VERBS, type ReadVerb } from './read-verbs.ts'
import type { SqliteOptions } from './store.ts'

/**
 * A second connection to a file that a store has open and at the current schema: for long reads, which would hold up that
 * store's writes. It sees what is committed, and a commit is seen only once it is synced (decisions/010).
 */
export const openSqliteReader = (options: SqliteOptions): Pick<Store, ReadVerb | 'now' | 'hints' | 'close'> => {
  const context = openReadOnly({ ...options, path: realPathOf(options.path) })
  const verbs = createVerbs({ calls: context, loops: context, searches: context }, createFileFigures(context.path))
  const reads = Object.fromEntries(READ_VERBS.map(verb => [verb, verbs[verb]])) as unknown as Pick<Store, ReadVerb>
  return { now: context.now, hints: context.hints, ...reads, close: context.close }
}
