import type { AttemptOrigin, MessageState, MessageType } from '../../core/message.ts'
import { isOneOf, sql } from '../drizzle.ts'
import type { AttemptKind } from '../messages/message.ts'
import type { Kit } from '../postgres/drizzle.ts'

export const messageTables = ({
  byEngine,
  check,
  flag,
  identity,
  index,
  int8,
  integer,
  primaryKey,
  rowid,
  sealed,
  table,
  text,
  time,
  uniqueIndex,
}: Kit) => ({
  /** The messages of one partner for one host: a slow host holds up only its own lane. */
  lanes: table(
    'lanes',
    {
      id: identity('id'),
      partnerId: text('partner_id').notNull(),
      host: text('host').notNull(),
      /** Not later than its first message's due time, unless its partner cannot sign; null: nothing to send. */
      dueAt: time('due_at'),
      /** Attempts in a row that ran into the time limit. */
      strikes: integer('strikes').notNull().default(0),
      /** After too many strikes: one slot at a time. */
      slow: flag('slow'),
      /** The last attempt with a host signal got a response; until then the lane gets few slots. */
      proven: flag('proven'),
    },
    t => [
      uniqueIndex('lanes_host').on(t.partnerId, t.host),
      index('lanes_due_of_kind')
        .on(t.partnerId, t.slow, t.proven, t.dueAt, ...rowid(t.id))
        .where(sql`due_at IS NOT NULL`),
      // On PostgreSQL with a condition that only queries for the first lane name: no other is to read the lanes of all
      // partners in this order.
      index('lanes_first')
        .on(t.dueAt)
        .where(byEngine({ sqlite: sql`due_at IS NOT NULL`, postgres: sql`due_at >= 0` })),
    ],
  ),

  /**
   * The content of messages. Indexed columns never change, so an update writes to no index. The view `messages`, made
   * by a migration, has it together with its delivery as one row.
   */
  messageBodies: table(
    'message_bodies',
    {
      seq: identity('seq'),
      partnerId: text('partner_id').notNull(),
      /** Number among the partner's events, in the order of their commits. */
      event: int8('event').notNull(),
      registrationId: text('registration_id').notNull(),
      laneId: int8('lane_id').notNull(),
      /** Copied from the registration, so that a claim need not read that. */
      callbackUrl: text('callback_url').notNull(),
      type: text('type').$type<MessageType>().notNull(),
      body: sealed('body').notNull(),
      createdAt: time('created_at').notNull(),
      /** Copied from the registration, so that a claim need not read that. */
      traceparent: text('traceparent'),
      // How its delivery ended, once delivered. The defaults describe success at the first attempt: most deliveries
      // write nothing here.
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
  ),

  /** State of undelivered messages; delivered ones have no row. The second queue: as small as the work that is left. */
  deliveries: table(
    'deliveries',
    {
      /** The message's. */
      seq: int8('seq').primaryKey(),
      partnerId: text('partner_id').notNull(),
      registrationId: text('registration_id').notNull(),
      laneId: int8('lane_id').notNull(),
      callbackUrl: text('callback_url').notNull(),
      state: text('state').$type<Exclude<MessageState, 'delivered'>>().notNull().default('pending'),
      /** When to send; null: given up, or held for its URL. Claims do not change it, and so write to no index. */
      dueAt: time('due_at'),
      claimedAt: time('claimed_at'),
      /** While claimed: end of the lease. On PostgreSQL a CHECK refuses claims that move the due time instead. */
      leasedUntil: time('leased_until'),
      claims: integer('claims').notNull().default(0),
      /** Set by a resend: attempts claimed before this count decide nothing any more. */
      fence: integer('fence').notNull().default(0),
      attempts: integer('attempts').notNull().default(0),
      /** Attempts under way at a resend and not recorded yet: they have taken their numbers. */
      unrecorded: integer('unrecorded').notNull().default(0),
      /** Retries planned since it was first sent or resent. */
      retries: integer('retries').notNull().default(0),
    },
    t => [
      index('deliveries_due')
        .on(t.laneId, t.dueAt, ...rowid(t.seq))
        .where(sql`due_at IS NOT NULL`),
      index('deliveries_open').on(t.partnerId, t.state, t.registrationId),
      // For operators: failed or given-up messages of all partners.
      index('deliveries_failed').on(t.registrationId).where(sql`state = 'exhausted' OR attempts > 0`),
      index('deliveries_given_up').on(t.state, t.registrationId).where(sql`state = 'exhausted'`),
      // In the order of their release.
      index('deliveries_held_for_url')
        .on(t.partnerId, t.callbackUrl, ...rowid(t.seq))
        .where(sql`state = 'pending' AND due_at IS NULL`),
      check('deliveries_state', isOneOf('state', ['pending', 'exhausted'])),
      check('deliveries_ended', sql`state = 'pending' OR due_at IS NULL`),
      check('deliveries_claimed', sql`claimed_at IS NULL OR due_at IS NOT NULL`),
    ],
  ),

  attempts: table(
    'attempts',
    {
      messageSeq: int8('message_seq').notNull(),
      /** Claim count of the attempt: each claim can write one attempt. */
      n: integer('n').notNull(),
      at: time('at').notNull(),
      outcome: text('outcome').$type<AttemptKind>().notNull(),
      httpStatus: integer('http_status'),
      error: text('error'),
      durationMs: integer('duration_ms').notNull(),
      responseExcerpt: text('response_excerpt'),
      /** Without a CHECK, which would rewrite the table. */
      origin: text('origin').$type<AttemptOrigin>(),
    },
    t => [
      // WITHOUT ROWID on SQLite.
      primaryKey({ columns: [t.messageSeq, t.n] }),
      check('attempts_outcome', isOneOf('outcome', ['delivered', 'rejected', 'gone', 'failed'])),
    ],
  ),
})
