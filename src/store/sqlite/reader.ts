import { createEvents } from '../messages/events.ts'
import { createActs } from '../operators/acts.ts'
import { createExplanations } from '../registrations/explanations.ts'
import { createRegistrationQueries } from '../registrations/queries.ts'
import { createRegistrationSearch } from '../registrations/search.ts'
import type { Store } from '../store.ts'
import { createCallbacks } from './callbacks.ts'
import { realPathOf } from './database-file.ts'
import { createPartnerStatus } from './partners.ts'
import { openReadOnly } from './read-only.ts'
import type { ReadVerb } from './read-verbs.ts'
import { createStats } from './stats.ts'
import type { SqliteOptions } from './store.ts'

/**
 * A second connection to a file that a store has open and at the current schema: for long reads, which would hold up that
 * store's writes. It sees what is committed, and a commit is seen only once it is synced (decisions/010).
 */
export const openSqliteReader = (options: SqliteOptions): Pick<Store, ReadVerb | 'now' | 'hints' | 'close'> => {
  const context = openReadOnly({ ...options, path: realPathOf(options.path) })
  return {
    now: context.now,
    hints: context.hints,
    ...createRegistrationQueries(context),
    ...createExplanations(context),
    ...createRegistrationSearch(context),
    ...createEvents(context),
    ...createActs(context),
    ...createPartnerStatus(context),
    listCallbacks: createCallbacks(context).listCallbacks,
    ...createStats(context),
    close: context.close,
  }
}
