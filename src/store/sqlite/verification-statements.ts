import type { Database } from 'better-sqlite3'
import type { Answer } from '../../core/answer.ts'
import type { DueVerification } from '../rules/poll-queues.ts'
import type { VerificationFacts, WaitingRegistration } from '../rules/settle-verification.ts'
import type { ClaimedVerification } from '../store.ts'
import type { DueWindow, Head } from '../verification-claims.ts'
import { onceForClient } from './context.ts'

/** Arrays for what comes in numbers: an object of a row costs as much as finding it. */
export type ClaimedRow = [
  id: number,
  claim: number,
  partnerId: string,
  idcardid: string,
  polls: number,
  nudgedAt: number,
  lastPolledAt: number | null,
  rawStatus: string | null,
  failures: number,
  failingSince: number | null,
  invalidIds: number,
  goneChecks: number,
  seen: 0 | 1,
]
export type WaitingRow = [
  verificationId: number,
  id: string,
  createdAt: number,
  expiresAt: number,
  traceparent: string | null,
]

interface FoundVerification extends Omit<VerificationFacts, 'isResolved' | 'waiting'> {
  isResolved: 0 | 1
}

interface FoundRegistration extends Omit<WaitingRegistration, 'metadata'> {
  metadata: Buffer | string
}

export const claimedOf = (row: ClaimedRow, dueAt: number, waiting: readonly WaitingRow[]): ClaimedVerification => {
  const [id, claim, partnerId, idcardid, polls, nudgedAt, lastPolledAt, rawStatus, ...counts] = row
  const [failures, failingSince, invalidIds, goneChecks, seen] = counts
  return {
    id,
    claim,
    partnerId,
    idcardid,
    dueAt,
    polls,
    nudgedAt,
    lastPolledAt,
    rawStatus,
    failures,
    failingSince,
    invalidIds,
    goneChecks,
    seen: seen === 1,
    waiting: waiting.map(([, id, createdAt, expiresAt]) => ({ id, createdAt, expiresAt })),
    traceparents: waiting.flatMap(([, , , , traceparent]) => traceparent ?? []),
  }
}

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at the value of a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
export const prepareVerifications = onceForClient((client: Database) => ({
  /** The accounts for which something waits: one index seek each, so that accounts at rest cost nothing. */
  waitingAccounts: client
    .prepare<[], string>(`
    WITH RECURSIVE waiting(account_id) AS (
      SELECT min(account_id) FROM verifications WHERE due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(account_id) FROM verifications WHERE due_at IS NOT NULL AND account_id > waiting.account_id)
      FROM waiting WHERE waiting.account_id IS NOT NULL)
    SELECT account_id FROM waiting WHERE account_id IS NOT NULL`)
    .pluck(),
  /**
   * The first due time of each queue: an index seek a queue (SQLite has no skip scan of its own), so that a partner with a million
   * rows costs no more than one with a single row.
   */
  heads: client.prepare<{ accountId: string }, Head>(`
    WITH RECURSIVE waiting(partner_id) AS (
      SELECT min(partner_id) FROM verifications WHERE account_id = +@accountId AND due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(partner_id) FROM verifications
              WHERE account_id = +@accountId AND due_at IS NOT NULL AND partner_id > waiting.partner_id)
      FROM waiting WHERE waiting.partner_id IS NOT NULL),
    queued(partner_id, queue) AS (
      SELECT waiting.partner_id, (SELECT min(v.queue) FROM verifications v
              WHERE v.account_id = +@accountId AND v.partner_id = waiting.partner_id AND v.due_at IS NOT NULL)
      FROM waiting JOIN partners ON partners.id = waiting.partner_id
      WHERE partners.disabled = 0
      UNION ALL
      SELECT queued.partner_id, (SELECT min(v.queue) FROM verifications v
              WHERE v.account_id = +@accountId AND v.partner_id = queued.partner_id AND v.due_at IS NOT NULL
                AND v.queue > queued.queue)
      FROM queued WHERE queued.queue IS NOT NULL)
    SELECT partner_id AS partnerId, queue, (SELECT min(v.due_at) FROM verifications v
      WHERE v.account_id = +@accountId AND v.partner_id = queued.partner_id AND v.queue = queued.queue AND v.due_at IS NOT NULL)
      AS dueAt
    FROM queued WHERE queue IS NOT NULL`),
  /** The queues of one partner; none while it is disabled. */
  queuesOf: client.prepare<{ accountId: string; partnerId: string }, { queue: number }>(`
    WITH RECURSIVE queued(queue) AS (
      SELECT min(queue) FROM verifications
      WHERE account_id = +@accountId AND partner_id = +@partnerId AND due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(v.queue) FROM verifications v
              WHERE v.account_id = +@accountId AND v.partner_id = +@partnerId AND v.due_at IS NOT NULL
                AND v.queue > queued.queue)
      FROM queued WHERE queued.queue IS NOT NULL)
    SELECT queue FROM queued JOIN partners ON partners.id = +@partnerId
    WHERE queue IS NOT NULL AND partners.disabled = 0`),
  /** What is due in a queue, the longest due first; the index has all of it. */
  due: client.prepare<DueWindow, DueVerification>(`
    SELECT id, due_at AS dueAt FROM verifications
    WHERE account_id = +@accountId AND partner_id = +@partnerId AND queue = +@queue AND due_at > +@after AND due_at <= +@at
    ORDER BY due_at, last_polled_at, id LIMIT +@limit`),
  claim: client
    .prepare<[at: number, leaseEnd: number, ids: string], ClaimedRow>(`
    UPDATE verifications SET claims = claims + 1, claimed_at = ?, due_at = ?
    WHERE id IN (SELECT value FROM json_each(?))
    RETURNING id, claims, partner_id, idcardid, polls, nudged_at, last_polled_at, raw_status, failures,
      failing_since, invalid_ids, gone_checks, seen`)
    .raw(),
  /** The pending registrations of all of these. */
  allWaiting: client
    .prepare<[ids: string], WaitingRow>(`
    SELECT verification_id, r.id, created_at, expires_at, traceparent
    FROM json_each(?) asked CROSS JOIN registrations r ON r.verification_id = asked.value
    WHERE status = 'pending'`)
    .raw(),
  find: client.prepare<[id: number], FoundVerification>(`
    SELECT id, idcardid, account_id AS accountId, partner_id AS partnerId, claims, claimed_at AS claimedAt, nudged_at AS nudgedAt, queue,
      polls, last_open_at AS lastOpenAt, raw_status AS rawStatus, verdict IS NOT NULL AS isResolved
    FROM verifications WHERE id = ?`),
  waiting: client.prepare<[verificationId: number], FoundRegistration>(`
    SELECT verification_id AS verificationId, n, id, partner_id AS partnerId, lane_id AS laneId,
      callback_url AS callbackUrl, metadata, traceparent, created_at AS createdAt
    FROM registrations WHERE verification_id = +? AND status = 'pending' ORDER BY n`),
  settle: client.prepare<
    [
      polls: number,
      lastPolledAt: number,
      lastAnswer: Answer['kind'],
      lastCode: number | null,
      lastOpenAt: number | null,
      failures: number,
      failingSince: number | null,
      invalidIds: number,
      goneChecks: number,
      seen: 0 | 1,
      rawStatus: string | null,
      queue: number,
      dueAt: number | null,
      verdict: Buffer | null,
      observedAt: number | null,
      previousPollAt: number | null,
      id: number,
    ]
  >(`
    UPDATE verifications SET claimed_at = NULL, polls = ?, last_polled_at = ?, last_answer = ?, last_code = ?,
      last_open_at = ?, failures = ?, failing_since = ?, invalid_ids = ?, gone_checks = ?, seen = ?, raw_status = ?,
      queue = ?, due_at = ?, verdict = ?, observed_at = ?, previous_poll_at = ?
    WHERE id = ?`),
  release: client.prepare<[claims: number, dueAt: number, id: number]>(
    'UPDATE verifications SET claimed_at = NULL, claims = ?, due_at = ? WHERE id = ?',
  ),
}))
