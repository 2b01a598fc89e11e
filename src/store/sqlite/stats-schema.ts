import { integer, primaryKey, sqliteTable, text } from './drizzle.ts'

const count = (name: string) => integer(name).notNull().default(0)

/*
 * How many rows of other tables are in a state. Triggers of those tables keep it, which drizzle cannot say: the migration
 * `counts` does, and a migration that makes such a table anew has to make its triggers anew. Each change costs one write of one
 * row, so all that a change may concern is in one row.
 */

export const verificationCounts = sqliteTable('verification_counts', {
  // WITHOUT ROWID, as registrations.
  accountId: text('account_id').primaryKey(),
  waiting: count('waiting'),
  leased: count('leased'),
})

/** One row. `waiting`, `leased` and `held` are pending. */
export const messageCounts = sqliteTable('message_counts', {
  waiting: count('waiting'),
  leased: count('leased'),
  held: count('held'),
})

/** What quotas limit. */
export const partnerCounts = sqliteTable('partner_counts', {
  // WITHOUT ROWID, as registrations.
  partnerId: text('partner_id').primaryKey(),
  pending: count('pending'),
  hosts: count('hosts'),
})

/** How many registrations there are that a partner made in an hour (`hourOf`); one of none is removed. */
export const partnerHours = sqliteTable(
  'partner_hours',
  { partnerId: text('partner_id').notNull(), hour: integer('hour').notNull(), registrations: count('registrations') },
  // WITHOUT ROWID, as registrations.
  t => [primaryKey({ columns: [t.partnerId, t.hour] })],
)
