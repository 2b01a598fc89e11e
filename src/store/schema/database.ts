import type { Kit } from '../postgres/drizzle.ts'

export const databaseTables = ({ int8, primaryKey, sealed, table, text }: Kit) => ({
  /** Small facts about the database itself, such as the vault's canary. */
  meta: table('meta', { key: text('key').primaryKey(), value: sealed('value').notNull() }),

  /**
   * Number of rows of other tables in a state, kept by triggers that a migration makes. Read it through the view
   * `current_counts`: PostgreSQL has changes beside the counts.
   */
  counts: table(
    'counts',
    {
      what: text('what').notNull(),
      /** The account, the partner, or a partner and an hour (`PARTNER HOUR`); empty: the whole database. */
      owner: text('owner').notNull(),
      n: int8('n').notNull(),
    },
    // WITHOUT ROWID on SQLite.
    t => [primaryKey({ columns: [t.owner, t.what] })],
  ),
})
