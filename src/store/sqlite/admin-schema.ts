import { ROLES } from '../../core/role.ts'
import { ACT_OUTCOMES } from '../act.ts'
import { BULK_STATES } from '../bulk-act.ts'
import { BULK_ACTS, type RegistrationFilter } from '../registration-search.ts'
import { flag, oneOf, time } from './columns.ts'
import { blob, index, integer, sql, sqliteTable, text } from './drizzle.ts'

export const adminTokens = sqliteTable(
  'admin_tokens',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    role: text('role', { enum: ROLES }).notNull(),
    /** SHA-256 of the secret part. */
    hash: blob('hash', { mode: 'buffer' }).notNull(),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
  },
  () => [oneOf('admin_tokens_role', 'role', ROLES)],
)

/** What operators have done. */
export const acts = sqliteTable(
  'acts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: time('at').notNull(),
    who: text('who').notNull(),
    name: text('name').notNull(),
    act: text('act').notNull(),
    object: text('object'),
    reason: text('reason'),
    /** JSON (`core/changes.ts`). */
    changes: text('changes'),
    outcome: text('outcome', { enum: ACT_OUTCOMES }).notNull(),
  },
  () => [oneOf('acts_outcome', 'outcome', ACT_OUTCOMES)],
)

/** Acts on all registrations that a filter means. */
export const bulkActs = sqliteTable(
  'bulk_acts',
  {
    id: text('id').primaryKey(),
    /** Null: of an operator. */
    partnerId: text('partner_id'),
    act: text('act', { enum: BULK_ACTS }).notNull(),
    filter: text('filter', { mode: 'json' }).$type<RegistrationFilter>().notNull(),
    reason: text('reason').notNull(),
    who: text('who').notNull(),
    name: text('name').notNull(),
    probe: flag('probe'),
    count: integer('count').notNull(),
    countIsCapped: flag('count_is_capped'),
    state: text('state', { enum: BULK_STATES }).notNull(),
    createdAt: time('created_at').notNull(),
    startedAt: time('started_at'),
    doneAtStart: integer('done_at_start').notNull().default(0),
    endedAt: time('ended_at'),
    done: integer('done').notNull().default(0),
    error: text('error'),
    /** The registration that it has come to. */
    cursor: text('cursor'),
    steppedAt: time('stepped_at').notNull().default(0),
    probeId: text('probe_id'),
    /** How often the webhook of its probe had been claimed before that was sent. */
    probeClaims: integer('probe_claims').notNull().default(0),
    probedAt: time('probed_at'),
  },
  t => [
    index('bulk_acts_owner').on(t.partnerId, t.id),
    index('bulk_acts_open').on(t.steppedAt, t.id).where(sql`state IN ('probing', 'running')`),
    oneOf('bulk_acts_act', 'act', BULK_ACTS),
    oneOf('bulk_acts_state', 'state', BULK_STATES),
  ],
)
