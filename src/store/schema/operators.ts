import type { AlertCondition } from '../../core/alert.ts'
import type { NodeAnswers } from '../../core/answer-times.ts'
import type { NodeRole } from '../../core/node.ts'
import { ROLES } from '../../core/role.ts'
import { isOneOf, sql } from '../drizzle.ts'
import type { Kit } from '../postgres/drizzle.ts'
import { BULK_ACTS, type RegistrationFilter } from '../registrations/filter.ts'

/**
 * Outcome of an act. `refused`: not allowed or not possible; `failed`: a part of it may be done; `begun`: under way, or
 * its process ended first, so that it may be done or not.
 */
export const ACT_OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const

/**
 * `draft`: not started; `probing`: one message is sent, and its outcome decides; `stopped`: by an operator, may be
 * started again; `failed`: its probe did not arrive, or one of its steps cannot be done.
 */
export const BULK_STATES = ['draft', 'probing', 'running', 'stopped', 'done', 'failed'] as const

export const operatorTables = ({
  bytes,
  check,
  flag,
  identity,
  index,
  int8,
  integer,
  json,
  rowid,
  table,
  text,
  time,
  uniqueIndex,
}: Kit) => ({
  /** Alerts: history, outbox and queue in one, separate from the deliverer's. At most `MAX_ALERTS`. */
  operatorEvents: table(
    'operator_events',
    {
      id: identity('id'),
      condition: text('condition').$type<AlertCondition>().notNull(),
      subject: text('subject').notNull(),
      state: text('state', { enum: ['firing', 'resolved'] }).notNull(),
      since: time('since').notNull(),
      at: time('at').notNull(),
      count: integer('count').notNull(),
      /** JSON. */
      details: text('details').notNull(),
      toldState: text('told_state', { enum: ['firing', 'resolved'] }),
      toldAt: time('told_at'),
      /** When to notify; while claimed, end of the lease; null: nothing to notify of. */
      dueAt: time('due_at'),
      claims: integer('claims').notNull().default(0),
    },
    t => [
      uniqueIndex('operator_events_subject').on(t.condition, t.subject),
      index('operator_events_due').on(t.dueAt).where(sql`due_at IS NOT NULL`),
      check('operator_events_state', isOneOf('state', ['firing', 'resolved'])),
      check('operator_events_told', isOneOf('told_state', ['firing', 'resolved'])),
    ],
  ),

  /** Processes that work on the database. */
  nodes: table('nodes', {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    version: text('version').notNull(),
    settings: text('settings').notNull(),
    roles: json('roles').$type<readonly NodeRole[]>().notNull(),
    /** Fingerprint of the master key. */
    key: text('key').notNull(),
    startedAt: time('started_at').notNull(),
    seenAt: time('seen_at').notNull(),
    steadyAt: time('steady_at').notNull(),
    lostAt: time('lost_at'),
    clockAheadMs: int8('clock_ahead_ms'),
    answers: json('answers').$type<NodeAnswers>(),
  }),

  adminTokens: table(
    'admin_tokens',
    {
      id: text('id').primaryKey(),
      name: text('name').notNull(),
      role: text('role', { enum: ROLES }).notNull(),
      /** SHA-256 of the secret part. */
      hash: bytes('hash').notNull(),
      createdAt: time('created_at').notNull(),
      lastUsedAt: time('last_used_at'),
      expiresAt: time('expires_at'),
      revokedAt: time('revoked_at'),
    },
    () => [check('admin_tokens_role', isOneOf('role', ROLES))],
  ),

  /** Acts of operators. */
  acts: table(
    'acts',
    {
      id: identity('id'),
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
    t => [index('acts_object').on(t.object, ...rowid(t.id)), check('acts_outcome', isOneOf('outcome', ACT_OUTCOMES))],
  ),

  /** Acts on all registrations that match a filter. */
  bulkActs: table(
    'bulk_acts',
    {
      id: text('id').primaryKey(),
      /** Null: an operator's act. */
      partnerId: text('partner_id'),
      act: text('act', { enum: BULK_ACTS }).notNull(),
      filter: json('filter').$type<RegistrationFilter>().notNull(),
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
      /** The last registration that it has read. */
      cursor: text('cursor'),
      steppedAt: time('stepped_at').notNull().default(0),
      probeId: text('probe_id'),
      /** Claim count of its probe's message before the probe was sent. */
      probeClaims: integer('probe_claims').notNull().default(0),
      probedAt: time('probed_at'),
    },
    t => [
      index('bulk_acts_owner').on(t.partnerId, t.id),
      index('bulk_acts_open').on(t.steppedAt, t.id).where(sql`state IN ('probing', 'running')`),
      check('bulk_acts_act', isOneOf('act', BULK_ACTS)),
      check('bulk_acts_state', isOneOf('state', BULK_STATES)),
    ],
  ),
})
