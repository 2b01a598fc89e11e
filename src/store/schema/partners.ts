import { CALLBACK_STATES, type CallbackHealth } from '../callbacks/health.ts'
import { isOneOf, sql } from '../drizzle.ts'
import type { Kit } from '../postgres/drizzle.ts'

export const partnerTables = ({
  bytes,
  check,
  flag,
  index,
  int8,
  integer,
  primaryKey,
  sealed,
  table,
  text,
  time,
}: Kit) => ({
  partners: table(
    'partners',
    {
      id: text('id').primaryKey(),
      name: text('name').notNull(),
      disabled: flag('disabled'),
      payload: text('payload', { enum: ['full', 'thin'] })
        .notNull()
        .default('full'),
      /** Null: no limit. */
      maxPending: integer('max_pending'),
      maxHosts: integer('max_hosts'),
      maxDaily: integer('max_daily'),
      createdAt: time('created_at').notNull(),
      /** Number of its newest event. */
      events: int8('events').notNull().default(0),
      /** When it was last enabled again: rows that waited until then count as due since then. */
      enabledAt: time('enabled_at'),
    },
    t => [
      index('partners_disabled').on(t.id).where(sql`disabled`),
      check('partners_payload', isOneOf('payload', ['full', 'thin'])),
      check('partners_quotas', sql`max_pending >= 0 AND max_hosts >= 0 AND max_daily >= 0`),
    ],
  ),

  apiKeys: table(
    'api_keys',
    {
      id: text('id').primaryKey(),
      partnerId: text('partner_id').notNull(),
      /** SHA-256 of the secret part. */
      hash: bytes('hash').notNull(),
      createdAt: time('created_at').notNull(),
      lastUsedAt: time('last_used_at'),
      expiresAt: time('expires_at'),
      revokedAt: time('revoked_at'),
    },
    t => [index('api_keys_partner').on(t.partnerId)],
  ),

  signingSecrets: table(
    'signing_secrets',
    {
      id: text('id').primaryKey(),
      partnerId: text('partner_id').notNull(),
      type: text('type', { enum: ['v1', 'v1a'] }).notNull(),
      secret: sealed('secret').notNull(),
      createdAt: time('created_at').notNull(),
      /** The end of the overlap after a rotation; null for the current one. */
      expiresAt: time('expires_at'),
    },
    t => [
      index('signing_secrets_partner').on(t.partnerId),
      index('signing_secrets_ended').on(t.expiresAt).where(sql`expires_at IS NOT NULL`),
      check('signing_secrets_type', isOneOf('type', ['v1', 'v1a'])),
    ],
  ),

  /** URLs whose attempts have only failed, or whose messages are or were held: `CallbackHealth`. Others have no row. */
  callbacks: table(
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
      // Unused, with their index: nodes of the version before write them. They go with the next migration that ends such nodes.
      noticeDueAt: time('notice_due_at'),
      noticeTries: integer('notice_tries').notNull().default(0),
    },
    t => [
      // WITHOUT ROWID on SQLite.
      primaryKey({ columns: [t.partnerId, t.callbackUrl] }),
      index('callbacks_state').on(t.state, t.lastAt).where(sql`state <> 'watched'`),
      index('callbacks_held').on(t.partnerId).where(sql`held_since IS NOT NULL`),
      index('callbacks_notice').on(t.noticeDueAt).where(sql`notice_due_at IS NOT NULL`),
      check('callbacks_state_known', isOneOf('state', CALLBACK_STATES)),
    ],
  ),

  /** Where a partner is notified that its URLs fail. */
  contacts: table('contacts', {
    /** The partner's. */
    id: text('id').primaryKey(),
    /** JSON: `Contact`. */
    contact: sealed('contact').notNull(),
    /** Earliest time of the next notice; while claimed, end of the lease. */
    dueAt: time('due_at').notNull(),
  }),

  /** URLs reported to a contact, until it is notified that the condition is over. */
  toldCallbacks: table(
    'told_callbacks',
    {
      partnerId: text('partner_id').notNull(),
      callbackUrl: text('callback_url').notNull(),
      since: time('since').notNull(),
      /** Null: reported as failing, not held. */
      heldSince: time('held_since'),
    },
    t => [primaryKey({ columns: [t.partnerId, t.callbackUrl] })],
  ),
})
