import type { PauseReason } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import { REGISTRATION_STATUSES, type RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import {
  flag,
  holds,
  index,
  integer,
  oneOf,
  primaryKey,
  real,
  sealed,
  sql,
  sqliteTable,
  text,
  time,
  uniqueIndex,
} from './drizzle.ts'

export { attempts, deliveries, messageBodies } from './message-schema.ts'
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
    /** In which queue of its partner it waits: `verifications/poll-queues.ts`. */
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
    metadata: sealed('metadata').notNull(),
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

/*
 * How many rows of other tables are in a state. Triggers of those tables, which the migration makes, keep it; a migration that makes such a
 * table anew has to make its triggers anew. The view `current_counts` is what is read: PostgreSQL has changes beside the counts.
 */
export const counts = sqliteTable(
  'counts',
  {
    what: text('what').notNull(),
    /** The account, the partner, or a partner and an hour (`PARTNER HOUR`); empty: the whole database. */
    owner: text('owner').notNull(),
    n: integer('n').notNull(),
  },
  // WITHOUT ROWID, as registrations.
  t => [primaryKey({ columns: [t.owner, t.what] })],
)
