import { HISTORY_COUNTS, type HistoryCounts } from '../../core/history.ts'
import type { Kit } from '../postgres/drizzle.ts'
import { snakeCase } from '../tx.ts'

export const historyTables = ({ integer, primaryKey, table, text, time }: Kit) => {
  const count = (name: string) => integer(snakeCase(name)).notNull()
  const counts = Object.fromEntries(HISTORY_COUNTS.map(name => [name, count(name)]))
  return {
    /** What happened, counted by a node in five minutes or an hour, for a `Series`. Without what a person could be known by. */
    history: table(
      'history',
      {
        /** Length: five minutes or an hour. */
        stepMs: integer('step_ms').notNull(),
        /** Beginning. */
        at: time('at').notNull(),
        accountId: text('account_id').notNull(),
        partnerId: text('partner_id').notNull(),
        host: text('host').notNull(),
        /** Id of the process. */
        node: text('node').notNull(),
        ...(counts as Record<keyof HistoryCounts, ReturnType<typeof count>>),
      },
      // WITHOUT ROWID on SQLite.
      t => [primaryKey({ columns: [t.stepMs, t.at, t.accountId, t.partnerId, t.host, t.node] })],
    ),
  }
}
