import type { MessageState, MessageType } from '../../core/message.ts'
import { oneOf, sql } from '../drizzle.ts'
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
  /** The messages of one partner for one host, in a row: a slow host holds up only its own lane. */
  lanes: table(
    'lanes',
    {
      id: identity('id'),
      partnerId: text('partner_id').notNull(),
      host: text('host').notNull(),
      /** Not later than its first message's, unless its partner cannot sign; null: nothing to send. */
      dueAt: time('due_at'),
      /** Attempts in a row that ran into the time limit. */
      strikes: integer('strikes').notNull().default(0),
      /** Too many of them: it gets one slot at a time. */
      slow: flag('slow'),
      /** Its last attempt that showed something was answered; until one is, it gets few slots. */
      proven: flag('proven'),
    },
    t => [
      uniqueIndex('lanes_host').on(t.partnerId, t.host),
      index('lanes_due_of_kind')
        .on(t.partnerId, t.slow, t.proven, t.dueAt, ...rowid(t.id))
        .where(sql`due_at IS NOT NULL`),
      // On PostgreSQL by a condition that only the look for the first lane names: no other query is to read all partners' lanes in this order.
      index('lanes_first')
        .on(t.dueAt)
        .where(byEngine({ sqlite: sql`due_at IS NOT NULL`, postgres: sql`due_at >= 0` })),
    ],
  ),

  /**
   * What webhooks say: no column of an index changes, so none of its indexes is written again. The view `messages`, which is made by a
   * migration, has it together with its delivery, as one row.
   */
  messageBodies: table(
    'message_bodies',
    {
      seq: identity('seq'),
      partnerId: text('partner_id').notNull(),
      /** Its number among the partner's events, in the order of their commits. */
      event: int8('event').notNull(),
      registrationId: text('registration_id').notNull(),
      laneId: int8('lane_id').notNull(),
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
  ),

  /** How the sending goes of what is not delivered; what is has no row here. The second queue: it stays as small as what there is to do. */
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
      /** When to send; null: given up, or held for a URL that answered 410 or is disabled. A claim leaves it, and so all indexes, as it is. */
      dueAt: time('due_at'),
      claimedAt: time('claimed_at'),
      /** While claimed: when the lease runs out. On PostgreSQL a CHECK of its migration refuses claims that move the due time instead. */
      leasedUntil: time('leased_until'),
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
      index('deliveries_due')
        .on(t.laneId, t.dueAt, ...rowid(t.seq))
        .where(sql`due_at IS NOT NULL`),
      index('deliveries_open').on(t.partnerId, t.state, t.registrationId),
      // What operators look for: what has failed or was given up, over all partners.
      index('deliveries_failed').on(t.registrationId).where(sql`state = 'exhausted' OR attempts > 0`),
      index('deliveries_given_up').on(t.state, t.registrationId).where(sql`state = 'exhausted'`),
      // In the order in which they are released.
      index('deliveries_held_for_url')
        .on(t.partnerId, t.callbackUrl, ...rowid(t.seq))
        .where(sql`state = 'pending' AND due_at IS NULL`),
      check('deliveries_state', oneOf('state', ['pending', 'exhausted'])),
      check('deliveries_ended', sql`state = 'pending' OR due_at IS NULL`),
      check('deliveries_claimed', sql`claimed_at IS NULL OR due_at IS NOT NULL`),
    ],
  ),

  attempts: table(
    'attempts',
    {
      messageSeq: int8('message_seq').notNull(),
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
      // WITHOUT ROWID on SQLite.
      primaryKey({ columns: [t.messageSeq, t.n] }),
      check('attempts_outcome', oneOf('outcome', ['delivered', 'rejected', 'gone', 'failed'])),
    ],
  ),
})
