import type { Answer } from '../../core/answer.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import { isOneOf, sql } from '../drizzle.ts'
import type { Kit } from '../postgres/drizzle.ts'
import { NEW } from '../verifications/poll-queues.ts'

export const registrationTables = ({
  check,
  flag,
  identity,
  index,
  int8,
  integer,
  nullsFirst,
  primaryKey,
  rowid,
  sealed,
  table,
  text,
  time,
  uniqueIndex,
}: Kit) => ({
  /** One serial of one account, polled once for all registrations that wait for it. The first queue. */
  verifications: table(
    'verifications',
    {
      id: identity('id'),
      accountId: text('account_id').notNull(),
      /** The partner that registered the serial first; no other partner may. */
      partnerId: text('partner_id').notNull(),
      idcardid: text('idcardid').notNull(),
      /** Key of the other spellings that it owns; null: it equals the key, or owns its own text alone. */
      serialKey: text('serial_key'),
      createdAt: time('created_at').notNull(),
      nudgedAt: time('nudged_at').notNull(),
      /** Queue of its partner in which it waits: `verifications/poll-queues.ts`. */
      queue: integer('queue').notNull().default(NEW),
      /** When to poll; while claimed, end of the lease; null: no registration waits. */
      dueAt: time('due_at'),
      claimedAt: time('claimed_at'),
      /** Number of claims: the fencing token. */
      claims: integer('claims').notNull().default(0),
      polls: integer('polls').notNull().default(0),
      lastPolledAt: time('last_polled_at'),
      lastAnswer: text('last_answer').$type<Answer['kind']>(),
      lastCode: int8('last_code'),
      rawStatus: text('raw_status'),
      /** Time of the last poll that showed the check still open. */
      lastOpenAt: time('last_open_at'),
      failures: integer('failures').notNull().default(0),
      failingSince: time('failing_since'),
      invalidIds: integer('invalid_ids').notNull().default(0),
      goneChecks: integer('gone_checks').notNull().default(0),
      seen: flag('seen'),
      verdict: sealed('verdict'),
      observedAt: time('observed_at'),
      previousPollAt: time('previous_poll_at'),
    },
    t => [
      uniqueIndex('verifications_serial').on(t.idcardid, t.accountId),
      // Only the few rows whose key is another text, so that the others cost nothing.
      index('verifications_key').on(t.serialKey, t.accountId).where(sql`serial_key IS NOT NULL`),
      // The order in which a queue is claimed.
      index('verifications_due')
        .on(t.accountId, t.partnerId, t.queue, t.dueAt, nullsFirst(t.lastPolledAt), ...rowid(t.id))
        .where(sql`due_at IS NOT NULL`),
      check('verifications_resolved', sql`verdict IS NULL OR due_at IS NULL`),
      check('verifications_claimed', sql`claimed_at IS NULL OR due_at IS NOT NULL`),
    ],
  ),

  registrations: table(
    'registrations',
    {
      /** The first part of the key, so that the registrations of a verification lie together. */
      verificationId: int8('verification_id').notNull(),
      /** Number among the verification's registrations: 0, 1, 2 … */
      n: integer('n').notNull(),
      id: text('id').notNull().unique(),
      partnerId: text('partner_id').notNull(),
      callbackUrl: text('callback_url').notNull(),
      /** Lane of its message. */
      laneId: int8('lane_id').notNull(),
      /** A JSON object of strings. An empty one is not sealed: `{}` is shorter than any sealed value. */
      metadata: sealed('metadata').notNull(),
      status: text('status').$type<RegistrationStatus>().notNull(),
      reason: text('reason').$type<Reason>(),
      createdAt: time('created_at').notNull(),
      expiresAt: time('expires_at').notNull(),
      resolvedAt: time('resolved_at'),
      /** The message that reports its end. */
      messageSeq: int8('message_seq'),
      /** The trace that its request belongs to; null: none. */
      traceparent: text('traceparent'),
    },
    t => [
      // WITHOUT ROWID on SQLite, which drizzle cannot say: the migration does.
      primaryKey({ columns: [t.verificationId, t.n] }),
      index('registrations_list').on(t.partnerId, t.status, t.id),
      // To find out whether a lane still has registrations.
      index('registrations_lane').on(t.laneId),
      // The order in which retention reads ended registrations.
      index('registrations_ended').on(t.resolvedAt, t.id).where(sql`resolved_at IS NOT NULL`),
      check('registrations_status', isOneOf('status', REGISTRATION_STATUSES)),
      check('registrations_ended', sql`(status = 'pending') = (resolved_at IS NULL)`),
    ],
  ),
})
