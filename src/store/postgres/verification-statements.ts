import type { VerificationFacts, WaitingRegistration } from '../rules/settle-verification.ts'
import type { ClaimedVerification } from '../store.ts'
import type { Head } from '../verification-claims.ts'
import type { Tx } from './connection.ts'

/** A claimed row once for each registration that waits for it, and once if none does. */
export interface ClaimedRow extends Omit<ClaimedVerification, 'dueAt' | 'waiting' | 'traceparents'> {
  registrationId: string | null
  createdAt: number
  expiresAt: number
  traceparent: string | null
}

export type FoundVerification = Omit<VerificationFacts, 'waiting'>

export interface FoundRegistration extends Omit<WaitingRegistration, 'metadata'> {
  metadata: Buffer
}

/** @param rows those of one verification */
export const claimedOf = (rows: readonly [ClaimedRow, ...ClaimedRow[]], dueAt: number): ClaimedVerification => {
  const [{ registrationId: _, createdAt: __, expiresAt: ___, traceparent: ____, ...verification }] = rows
  return {
    ...verification,
    dueAt,
    waiting: rows.flatMap(({ registrationId: id, createdAt, expiresAt }) =>
      id === null ? [] : [{ id, createdAt, expiresAt }],
    ),
    traceparents: rows.flatMap(({ traceparent }) => traceparent ?? []),
  }
}

/** The accounts for which something waits: one index seek each, so that accounts at rest cost nothing. */
export const WAITING_ACCOUNTS = `
  WITH RECURSIVE waiting(account_id) AS (
    (SELECT account_id FROM verifications WHERE due_at IS NOT NULL ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT next.account_id FROM waiting CROSS JOIN LATERAL (
      SELECT v.account_id FROM verifications v
      WHERE v.due_at IS NOT NULL AND v.account_id > waiting.account_id
      ORDER BY v.account_id LIMIT 1) AS next)
  SELECT account_id AS "accountId" FROM waiting ORDER BY account_id`

/**
 * The first due time of each queue of accounts, but of partners that are disabled: an index seek a queue, so that a partner with a
 * million rows costs no more than one with a single row.
 */
export const HEADS = `
  WITH RECURSIVE head(account_id, partner_id, queue, due_at) AS (
    SELECT asked.id COLLATE "C", '' COLLATE "C", -1, NULL::bigint FROM unnest($1::text[]) AS asked(id)
    UNION ALL
    SELECT next.account_id, next.partner_id, next.queue, next.due_at FROM head CROSS JOIN LATERAL (
      SELECT v.account_id, v.partner_id, v.queue, v.due_at FROM verifications v
      WHERE v.account_id = head.account_id AND v.due_at IS NOT NULL AND (v.partner_id, v.queue) > (head.partner_id, head.queue)
      ORDER BY v.partner_id, v.queue, v.due_at LIMIT 1) AS next)
  SELECT head.account_id AS "accountId", head.partner_id AS "partnerId", head.queue, head.due_at AS "dueAt"
  FROM head JOIN partners p ON p.id = head.partner_id
  WHERE head.due_at IS NOT NULL AND NOT p.disabled
  ORDER BY head.account_id, head.partner_id, head.queue`

/** Of each account the heads of its queues. */
export const headsOf = async (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> => {
  const rows = await tx.rows<Head & { accountId: string }>(HEADS, [accountIds])
  const byAccount = Map.groupBy(rows, ({ accountId }) => accountId)
  return accountIds.map(id => byAccount.get(id) ?? [])
}

/** The queues of one partner; none while it is disabled. */
export const QUEUES_OF = `
  WITH RECURSIVE queued(queue) AS (
    (SELECT queue FROM verifications WHERE account_id = $1 AND partner_id = $2 AND due_at IS NOT NULL
     ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT next.queue FROM queued CROSS JOIN LATERAL (
      SELECT v.queue FROM verifications v
      WHERE v.account_id = $1 AND v.partner_id = $2 AND v.due_at IS NOT NULL AND v.queue > queued.queue
      ORDER BY v.queue LIMIT 1) AS next)
  SELECT queue FROM queued JOIN partners p ON p.id = $2 WHERE NOT p.disabled`

/** How many of queues of one partner are due after a time and stand before a place, up to a limit. The index has all of it. */
export const STANDING_BEFORE = `
  SELECT count(*) AS n FROM (
    SELECT FROM unnest($3::int[]) AS asked(queue) CROSS JOIN LATERAL (
      SELECT FROM verifications v
      WHERE v.account_id = $1 AND v.partner_id = $2 AND v.queue = asked.queue AND v.due_at IS NOT NULL
        AND v.due_at > $4 AND v.due_at <= $5 AND (v.due_at, v.id) < ($5::bigint, $6::bigint)
      LIMIT $7) AS one
    LIMIT $7) AS capped`

/** What is due in queues, the longest due first; the index has all of it. It locks nothing: most of it is not taken. */
export const DUE = `
  SELECT asked.nth, due.id, due.due_at AS "dueAt"
  FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::int[]) WITH ORDINALITY
      AS asked(account_id, partner_id, queue, at, after, most, nth)
    JOIN partners p ON p.id = asked.partner_id
    CROSS JOIN LATERAL (
      SELECT v.id, v.due_at, v.last_polled_at FROM verifications v
      WHERE v.account_id = asked.account_id AND v.partner_id = asked.partner_id AND v.queue = asked.queue
        AND v.due_at IS NOT NULL AND v.due_at > asked.after AND v.due_at <= asked.at
      ORDER BY v.due_at, v.last_polled_at NULLS FIRST, v.id LIMIT asked.most) AS due
  WHERE NOT p.disabled
  ORDER BY asked.nth, due.due_at, due.last_polled_at NULLS FIRST, due.id`

/**
 * Claims those that are as they were when they were found, and that nobody has locked. With each come the registrations that wait.
 */
export const CLAIM = `
  WITH free AS (
    SELECT v.id FROM unnest($1::bigint[], $2::bigint[]) AS taken(id, due_at)
      JOIN verifications v ON v.id = taken.id AND v.due_at = taken.due_at
    ORDER BY v.id FOR NO KEY UPDATE OF v SKIP LOCKED
  ), claimed AS (
    UPDATE verifications v SET claims = v.claims + 1, claimed_at = $3, due_at = $4 FROM free WHERE v.id = free.id
    RETURNING v.id, v.claims, v.partner_id, v.idcardid, v.polls, v.nudged_at, v.last_polled_at, v.raw_status, v.failures,
      v.failing_since, v.invalid_ids, v.gone_checks, v.seen
  )
  SELECT c.id, c.claims AS claim, c.partner_id AS "partnerId", c.idcardid, c.polls, c.nudged_at AS "nudgedAt",
    c.last_polled_at AS "lastPolledAt", c.raw_status AS "rawStatus", c.failures, c.failing_since AS "failingSince",
    c.invalid_ids AS "invalidIds", c.gone_checks AS "goneChecks", c.seen, r.id AS "registrationId",
    r.created_at AS "createdAt", r.expires_at AS "expiresAt", r.traceparent
  FROM claimed c LEFT JOIN registrations r ON r.verification_id = c.id AND r.status = 'pending'
  ORDER BY c.id, r.n`

/** Locked until the transaction ends. */
export const FIND = `
  SELECT id, idcardid, account_id AS "accountId", partner_id AS "partnerId", claims, claimed_at AS "claimedAt", nudged_at AS "nudgedAt", queue, polls,
    last_open_at AS "lastOpenAt", raw_status AS "rawStatus", verdict IS NOT NULL AS "isResolved"
  FROM verifications WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`

/** The registrations that wait for these verifications; the offset keeps it at a seek each, whatever the planner expects. */
export const WAITING = `
  SELECT r.verification_id AS "verificationId", r.n, r.id, r.partner_id AS "partnerId", r.lane_id AS "laneId",
    r.callback_url AS "callbackUrl", r.metadata, r.traceparent, r.created_at AS "createdAt"
  FROM unnest($1::bigint[]) AS asked(id) CROSS JOIN LATERAL (
    SELECT * FROM registrations WHERE verification_id = asked.id AND status = 'pending' OFFSET 0) AS r
  ORDER BY r.verification_id, r.n`

export const SETTLE = `
  UPDATE verifications v SET claimed_at = NULL, polls = s.polls, last_polled_at = s.last_polled_at,
    last_answer = s.last_answer, last_code = s.last_code, last_open_at = s.last_open_at, failures = s.failures,
    failing_since = s.failing_since, invalid_ids = s.invalid_ids, gone_checks = s.gone_checks, seen = s.seen,
    raw_status = s.raw_status, queue = s.queue, due_at = s.due_at, verdict = s.verdict, observed_at = s.observed_at,
    previous_poll_at = s.previous_poll_at
  FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], $9::int[],
      $10::int[], $11::bool[], $12::text[], $13::int[], $14::bigint[], $15::bytea[], $16::bigint[], $17::bigint[])
    AS s(id, polls, last_polled_at, last_answer, last_code, last_open_at, failures, failing_since, invalid_ids, gone_checks,
      seen, raw_status, queue, due_at, verdict, observed_at, previous_poll_at)
  WHERE v.id = s.id`

export const RELEASE = `
  UPDATE verifications v SET claimed_at = NULL, claims = r.claims, due_at = r.due_at
  FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS r(id, claims, due_at) WHERE v.id = r.id`
