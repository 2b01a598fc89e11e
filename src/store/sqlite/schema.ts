import type { PauseReason } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import { MESSAGE_STATES, type MessageState, type MessageType } from '../../core/message.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import type { AttemptKind } from '../store.ts'
import {
  flag,
  holds,
  index,
  integer,
  oneOf,
  primaryKey,
  real,
  sealed,
  sealedOrText,
  sql,
  sqliteTable,
  text,
  time,
  uniqueIndex,
} from './drizzle.ts'

export { acts, adminTokens, bulkActs, nodes, operatorEvents } from './operator-schema.ts'
export { apiKeys, callbacks, partners, signingSecrets } from './partner-schema.ts'

/** Small facts about the database itself, such as the vault's canary. */
export const meta = sqliteTable('meta', { key: text('key').primaryKey(), value: sealed('value').notNull() })

export const accounts = sqliteTable(
  'accounts',
  {
    id: text('id').primaryKey(),
    /** APIID at the vendor. */
    apiId: text('api_id').notNull().unique(),
    apiKey: sealed('api_key').notNull(),
    passwordMode: text('password_mode', { enum: ['dynamic', 'static'] }).notNull(),
    /** Calls a second; null: the setting's. */
    rate: real('rate'),
    isDefault: flag('is_default'),
    /** The only partner that may use it; null: all. */
    partnerId: text('partner_id'),
    createdAt: time('created_at').notNull(),
    removedAt: time('removed_at'),
    pausedAt: time('paused_at'),
    pauseReason: text('pause_reason').$type<PauseReason>(),
    pauseCode: integer('pause_code'),
    unreachableAt: time('unreachable_at'),
    unreachableError: text('unreachable_error'),
    probes: integer('probes').notNull().default(0),
    probeAt: time('probe_at'),
    /** May hold fractions of a ms: it is the rate limit's clock. */
    allowedAt: real('allowed_at').notNull().default(0),
    rampAt: time('ramp_at'),
    rampRate: real('ramp_rate'),
  },
  t => [
    uniqueIndex('accounts_default').on(t.isDefault).where(sql`is_default = 1`),
    oneOf('accounts_mode', 'password_mode', ['dynamic', 'static']),
    holds('accounts_paused', '(paused_at IS NULL) = (pause_reason IS NULL)'),
    // No canary goes during a pause by hand.
    holds('accounts_operator', "pause_reason IS NOT 'operator' OR probe_at IS NULL"),
  ],
)

/** One serial of one account: asked once, however many registrations wait for it. The first queue. */
export const verifications = sqliteTable(
  'verifications',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    accountId: text('account_id').notNull(),
    /** The partner that registered the serial first; nobody else may. */
    partnerId: text('partner_id').notNull(),
    idcardid: text('idcardid').notNull(),
    /** The key by which it belongs to its partner; null: the serial itself is that. */
    serialKey: text('serial_key'),
    createdAt: time('created_at').notNull(),
    nudgedAt: time('nudged_at').notNull(),
    /** In which queue of its partner it waits: `rules/poll-queues.ts`. */
    queue: integer('queue').notNull().default(1),
    /** When to ask; while claimed, when the lease runs out; null: nobody waits. */
    dueAt: time('due_at'),
    claimedAt: time('claimed_at'),
    /** Counts the claims: the fencing token. */
    claims: integer('claims').notNull().default(0),
    polls: integer('polls').notNull().default(0),
    lastPolledAt: time('last_polled_at'),
    lastAnswer: text('last_answer').$type<Answer['kind']>(),
    lastCode: integer('last_code'),
    rawStatus: text('raw_status'),
    /** When the last poll was made that showed the check still open. */
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
    // Of the few whose key is another text, so that it costs the others nothing.
    index('verifications_key').on(t.serialKey, t.accountId).where(sql`serial_key IS NOT NULL`),
    // With all that decides in which order they are asked, so that only the rows that are claimed are read.
    index('verifications_due')
      .on(t.accountId, t.partnerId, t.queue, t.dueAt, t.lastPolledAt)
      .where(sql`due_at IS NOT NULL`),
    holds('verifications_resolved', 'verdict IS NULL OR due_at IS NULL'),
    holds('verifications_claimed', 'claimed_at IS NULL OR due_at IS NOT NULL'),
  ],
)

export const registrations = sqliteTable(
  'registrations',
  {
    /** The first part of the key, so that the registrations of a verification lie together. */
    verificationId: integer('verification_id').notNull(),
    /** Which of the verification's registrations it is: 0, 1, 2 … */
    n: integer('n').notNull(),
    id: text('id').notNull().unique(),
    partnerId: text('partner_id').notNull(),
    callbackUrl: text('callback_url').notNull(),
    /** Where its message will queue. */
    laneId: integer('lane_id').notNull(),
    /** A JSON object of strings. */
    metadata: sealedOrText('metadata').notNull(),
    status: text('status').$type<RegistrationStatus>().notNull(),
    reason: text('reason').$type<Reason>(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    resolvedAt: time('resolved_at'),
    /** The message that tells its end. */
    messageSeq: integer('message_seq'),
    /** The trace that its request belongs to; null: none. */
    traceparent: text('traceparent'),
  },
  t => [
    // WITHOUT ROWID, which drizzle cannot say: the migration does.
    primaryKey({ columns: [t.verificationId, t.n] }),
    index('registrations_list').on(t.partnerId, t.status, t.id),
    // Whether a lane still has one.
    index('registrations_lane').on(t.laneId),
    // What retention erases without a message; the messages have the others.
    index('registrations_ended').on(t.resolvedAt, t.id).where(sql`resolved_at IS NOT NULL`),
    oneOf('registrations_status', 'status', REGISTRATION_STATUSES),
    holds('registrations_ended', "(status = 'pending') = (resolved_at IS NULL)"),
  ],
)

/** One webhook: history, outbox and queue at once. The second queue. */
export const messages = sqliteTable(
  'messages',
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
    state: text('state').$type<MessageState>().notNull(),
    /** When to send; while claimed, when the lease runs out; null: done, or held back for a URL that answered 410. */
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
    /** The registration's, so that a claim need not look for that. */
    traceparent: text('traceparent'),
  },
  t => [
    index('messages_due').on(t.laneId, t.dueAt).where(sql`due_at IS NOT NULL`),
    uniqueIndex('messages_event').on(t.partnerId, t.event),
    uniqueIndex('messages_registration').on(t.registrationId),
    index('messages_open').on(t.partnerId, t.state, t.registrationId).where(sql`state <> 'delivered'`),
    // What operators look for: what has failed or was given up, over all partners.
    index('messages_failed')
      .on(t.registrationId)
      .where(sql`state = 'exhausted' OR (state = 'pending' AND attempts > 0)`),
    index('messages_held_for_url').on(t.partnerId, t.callbackUrl).where(sql`state = 'pending' AND due_at IS NULL`),
    oneOf('messages_state', 'state', MESSAGE_STATES),
    holds('messages_ended', "state = 'pending' OR due_at IS NULL"),
    holds('messages_claimed', 'claimed_at IS NULL OR due_at IS NOT NULL'),
  ],
)

/** The messages of one partner for one host, in a row: a slow host holds up only its own lane. */
export const lanes = sqliteTable(
  'lanes',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
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
    index('lanes_due_of_kind').on(t.partnerId, t.slow, t.proven, t.dueAt).where(sql`due_at IS NOT NULL`),
    index('lanes_first').on(t.dueAt).where(sql`due_at IS NOT NULL`),
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

/** How many checks of an account were completed at an age, and for how long checks of that age were watched. */
export const completionBins = sqliteTable(
  'completion_bins',
  {
    accountId: text('account_id').notNull(),
    /** A range of ages: core/polling/completion-bins.ts. */
    bin: integer('bin').notNull(),
    completions: real('completions').notNull(),
    exposureMs: real('exposure_ms').notNull(),
  },
  t => [
    primaryKey({ columns: [t.accountId, t.bin] }),
    holds('completion_bins_counts', 'completions >= 0 AND exposure_ms >= 0'),
  ],
)

const count = (name: string) => integer(name).notNull().default(0)

/*
 * How many rows of other tables are in a state. Triggers of those tables keep it, which drizzle cannot say: the migration
 * `counts` does, and a migration that makes such a table anew has to make its triggers anew. Each change costs one write of one
 * row, so all that a change may concern is in one row.
 */

export const verificationCounts = sqliteTable('verification_counts', {
  // WITHOUT ROWID, as registrations.
  accountId: text('account_id').primaryKey(),
  waiting: count('waiting'),
  leased: count('leased'),
})

/** One row. `waiting`, `leased` and `held` are pending. */
export const messageCounts = sqliteTable('message_counts', {
  waiting: count('waiting'),
  leased: count('leased'),
  held: count('held'),
})

/** What quotas limit. */
export const partnerCounts = sqliteTable('partner_counts', {
  // WITHOUT ROWID, as registrations.
  partnerId: text('partner_id').primaryKey(),
  pending: count('pending'),
  hosts: count('hosts'),
})

/** How many registrations there are that a partner made in an hour (`hourOf`); one of none is removed. */
export const partnerHours = sqliteTable(
  'partner_hours',
  { partnerId: text('partner_id').notNull(), hour: integer('hour').notNull(), registrations: count('registrations') },
  // WITHOUT ROWID, as registrations.
  t => [primaryKey({ columns: [t.partnerId, t.hour] })],
)
