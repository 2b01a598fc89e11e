import type { Store } from '../store.ts'
import { createVerbs } from '../verbs.ts'
import { realPathOf } from './database-file.ts'
import { openReadOnly } from './read-only.ts'
import { READ_VERBS, type ReadVerb } from './read-verbs.ts'
import type { SqliteOptions } from './store.ts'

/** A second connection to a file that a store has open and at the current schema: for long reads, which would hold up that store's writes. */
export const openSqliteReader = (options: SqliteOptions): Pick<Store, ReadVerb | 'now' | 'hints' | 'close'> => {
  const { context, figures, close } = openReadOnly({ ...options, path: realPathOf(options.path) })
  const verbs = createVerbs({ calls: context, loops: context, searches: context }, figures)
  const reads = Object.fromEntries(READ_VERBS.map(verb => [verb, verbs[verb]])) as unknown as Pick<Store, ReadVerb>
  return { now: options.now, hints: context.hints, ...reads, close }
}
