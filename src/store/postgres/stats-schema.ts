import { identity, int8, text } from './columns.ts'
import { index, pgTable, primaryKey } from './drizzle.ts'

/*
 * How many rows of other tables are in a state. Triggers of those tables, which the migration makes, append what each statement
 * changes to `count_changes`: nobody waits for a row that all writers would have to lock. From time to time the changes are folded into
 * `counts`; whoever reads a count adds both.
 */

const what = text('what').notNull()
/** The account, the partner, or a partner and an hour (`PARTNER HOUR`); empty: the whole database. */
const owner = text('owner').notNull()
const n = int8('n').notNull()

export const counts = pgTable('counts', { what, owner, n }, t => [primaryKey({ columns: [t.owner, t.what] })])

export const countChanges = pgTable('count_changes', { id: identity('id'), what, owner, n }, t => [
  index('count_changes_owner').on(t.owner),
])
