import { bytes, flag, holds, int8, oneOf, sealed, text, time } from './columns.ts'
import { index, integer, pgTable, sql } from './drizzle.ts'

export const partners = pgTable(
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
    /** The number of its newest event. */
    events: int8('events').notNull().default(0),
  },
  () => [
    oneOf('partners_payload', 'payload', ['full', 'thin']),
    holds('partners_quotas', 'max_pending >= 0 AND max_hosts >= 0 AND max_daily >= 0'),
  ],
)

export const apiKeys = pgTable(
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
)

export const signingSecrets = pgTable(
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
    oneOf('signing_secrets_type', 'type', ['v1', 'v1a']),
  ],
)
