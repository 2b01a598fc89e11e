import { CALLBACK_STATES, type CallbackHealth } from '../rules/callback.ts'
import { oneOf, text, time } from './columns.ts'
import { index, integer, pgTable, primaryKey, sql } from './drizzle.ts'

/** URLs whose attempts have only failed, or whose messages are or were held: rules/callback.ts. One that works has no row. */
export const callbacks = pgTable(
  'callbacks',
  {
    partnerId: text('partner_id').notNull(),
    callbackUrl: text('callback_url').notNull(),
    state: text('state').$type<CallbackHealth['state']>().notNull(),
    failingSince: time('failing_since').notNull(),
    attempts: integer('attempts').notNull(),
    lastError: text('last_error').notNull(),
    /** To the hour. */
    lastAt: time('last_at').notNull(),
    heldSince: time('held_since'),
    /** When to send the webhook that tells another URL of it, and how often that was tried; null: there is none to send. */
    noticeDueAt: time('notice_due_at'),
    noticeTries: integer('notice_tries').notNull().default(0),
  },
  t => [
    primaryKey({ columns: [t.partnerId, t.callbackUrl] }),
    index('callbacks_state').on(t.state, t.lastAt).where(sql`state <> 'watched'`),
    index('callbacks_held').on(t.partnerId).where(sql`held_since IS NOT NULL`),
    index('callbacks_notice').on(t.noticeDueAt).where(sql`notice_due_at IS NOT NULL`),
    oneOf('callbacks_state_known', 'state', CALLBACK_STATES),
  ],
)
