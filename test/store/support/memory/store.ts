import { EventEmitter } from 'node:events'
import type { Store, StoreHints } from '../../../../src/store/store.ts'
import { createCallbackNotices } from './callback-notices.ts'
import { createHistory } from './history.ts'
import { createNodes } from './nodes.ts'
import { createNouns } from './nouns.ts'
import { createOperatorEvents } from './operator-events.ts'
import { createOperators } from './operators.ts'
import { createQueues } from './queues.ts'
import { createReads } from './reads.ts'
import { createRegistrations } from './registrations.ts'
import { RULES, type Rules } from './rules.ts'
import { createSearches } from './searches.ts'
import { createStats } from './stats.ts'
import { createTables, type Tables } from './tables.ts'

export interface MemoryOptions {
  now: () => number
  defaultRate: number
  /** Shared with other handles of the same database; its own unless given. */
  tables?: Tables
  rules?: Rules
}

/** The reference: the whole contract in maps, by the same rules as every engine, and as plain as it can be. */
export const createMemoryStore = ({
  now,
  defaultRate,
  tables = createTables(),
  rules = RULES,
}: MemoryOptions): Store => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const context = { tables, rules, now, hints, defaultRate }
  const registrations = createRegistrations(context)
  return {
    now,
    hints,
    ...registrations,
    ...createSearches(context, registrations),
    ...createReads(context),
    ...createQueues(context),
    ...createNouns(context),
    ...createCallbackNotices(context),
    ...createOperators(context),
    ...createStats(context),
    ...createOperatorEvents(context),
    ...createHistory(context),
    ...createNodes(context),
  }
}
