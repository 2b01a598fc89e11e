import type { MessageState, MessageType } from '../../core/message.ts'
import type { AttemptKind } from '../store.ts'
import {
  holds,
  index,
  integer,
  oneOf,
  primaryKey,
  sealed,
  sql,
  sqliteTable,
  text,
  time,
  uniqueIndex,
} from './drizzle.ts'

/**
 * What webhooks say: no column of an index changes, so none of its indexes is written again. The view `messages`, which is made by a
 * migration, has it together with its delivery, as one row.
 */
export const messageBodies = sqliteTable(
  'message_bodies',
  {
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    partnerId: text('partner_id').notNull(),
    /** Its number among the partner's events, in the order of their commits. */
    event: integer('event').notNull(),
    registrationId: text('registration_id').notNull(),
    laneId: integer('lane_id').notNull(),
    /** The registration's, so that a claim need not look for that. */
    callbackUrl: text('callback_url').notNull(),
    type: text('type').$type<MessageType>().notNull(),
    body: sealed('body').notNull(),
    createdAt: time('created_at').notNull(),
    /** The registration's, so that a claim need not look for that. */
    traceparent: text('traceparent'),
    // How its delivery ended, once it is delivered. The defaults say "at the first attempt": for most, nothing is written here then.
    claims: integer('claims').notNull().default(1),
    fence: integer('fence').notNull().default(0),
    attempts: integer('attempts').notNull().default(1),
    unrecorded: integer('unrecorded').notNull().default(0),
    retries: integer('retries').notNull().default(0),
  },
  t => [
    uniqueIndex('message_bodies_event').on(t.partnerId, t.event),
    uniqueIndex('message_bodies_registration').on(t.registrationId),
  ],
)

/** How the sending goes of what is not delivered; what is has no row here. The second queue: it stays as small as what there is to do. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    /** The message's. */
    seq: integer('seq').primaryKey(),
    partnerId: text('partner_id').notNull(),
    registrationId: text('registration_id').notNull(),
    laneId: integer('lane_id').notNull(),
    callbackUrl: text('callback_url').notNull(),
    state: text('state').$type<Exclude<MessageState, 'delivered'>>().notNull().default('pending'),
    /** When to send; while claimed, when the lease runs out; null: given up, or held back for a URL that answered 410. */
    dueAt: time('due_at'),
    claimedAt: time('claimed_at'),
    claims: integer('claims').notNull().default(0),
    /** Set by a resend: what comes of an attempt that was claimed before this count no longer decides anything. */
    fence: integer('fence').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
    /** Attempts that were under way at a resend and are not recorded yet: they have taken their numbers. */
    unrecorded: integer('unrecorded').notNull().default(0),
    /** Retries planned since it was first sent or resent. */
    retries: integer('retries').notNull().default(0),
  },
  t => [
    index('deliveries_due').on(t.laneId, t.dueAt).where(sql`due_at IS NOT NULL`),
    index('deliveries_open').on(t.partnerId, t.state, t.registrationId),
    // What operators look for: what has failed or was given up, over all partners.
    index('deliveries_failed').on(t.registrationId).where(sql`state = 'exhausted' OR attempts > 0`),
    // In the order in which they are released.
    index('deliveries_held_for_url').on(t.partnerId, t.callbackUrl).where(sql`state = 'pending' AND due_at IS NULL`),
    oneOf('deliveries_state', 'state', ['pending', 'exhausted']),
    holds('deliveries_ended', "state = 'pending' OR due_at IS NULL"),
    holds('deliveries_claimed', 'claimed_at IS NULL OR due_at IS NOT NULL'),
  ],
)

export const attempts = sqliteTable(
  'attempts',
  {
    messageSeq: integer('message_seq').notNull(),
    /** The count of the claim that made it: each claim can write one attempt. */
    n: integer('n').notNull(),
    at: time('at').notNull(),
    outcome: text('outcome').$type<AttemptKind>().notNull(),
    httpStatus: integer('http_status'),
    error: text('error'),
    durationMs: integer('duration_ms').notNull(),
    responseExcerpt: text('response_excerpt'),
  },
  t => [
    primaryKey({ columns: [t.messageSeq, t.n] }),
    oneOf('attempts_outcome', 'outcome', ['delivered', 'rejected', 'gone', 'failed']),
  ],
)
