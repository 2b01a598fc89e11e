import { CALLBACK_STATES, type CallbackHealth } from '../rules/callback-health.ts'
import { int8, oneOf, text, time } from './columns.ts'
import { index, integer, pgTable, primaryKey, sql } from './drizzle.ts'

/** URLs whose messages are held: they answered 410, or are disabled, as `callback_health` says. */
export const callbackPauses = pgTable(
  'callback_pauses',
  {
    partnerId: text('partner_id').notNull(),
    callbackUrl: text('callback_url').notNull(),
    since: time('since').notNull(),
    /** Not paused any more: what was held is being made due, and is up to this message's `seq`. */
    liftedUntil: int8('lifted_until'),
  },
  t => [
    primaryKey({ columns: [t.partnerId, t.callbackUrl] }),
    index('callback_pauses_lifted').on(t.liftedUntil).where(sql`lifted_until IS NOT NULL`),
  ],
)

/** URLs whose attempts have only failed: rules/callback-health.ts. */
export const callbackHealth = pgTable(
  'callback_health',
  {
    partnerId: text('partner_id').notNull(),
    callbackUrl: text('callback_url').notNull(),
    failingSince: time('failing_since').notNull(),
    attempts: integer('attempts').notNull(),
    lastError: text('last_error').notNull(),
    /** To the hour. */
    lastAt: time('last_at').notNull(),
    state: text('state').$type<CallbackHealth['state']>().notNull(),
    /** The webhook that tells another URL of it: its id, when to send it, and how often that was tried; null: there is none to send. */
    noticeId: text('notice_id'),
    noticeDueAt: time('notice_due_at'),
    noticeTries: integer('notice_tries').notNull().default(0),
  },
  t => [
    primaryKey({ columns: [t.partnerId, t.callbackUrl] }),
    index('callback_health_state').on(t.state, t.lastAt).where(sql`state <> 'watched'`),
    // What retention erases.
    index('callback_health_old').on(t.lastAt).where(sql`state <> 'disabled'`),
    index('callback_health_notice').on(t.noticeDueAt).where(sql`notice_due_at IS NOT NULL`),
    oneOf('callback_health_state_known', 'state', CALLBACK_STATES),
  ],
)
