import type { Database } from 'better-sqlite3'
import type { Answer } from '../../core/answer.ts'
import type { VerificationFacts, WaitingRegistration } from '../rules/settle-verification.ts'
import type { Head } from '../verification-claims.ts'
import { onceForClient } from './context.ts'

interface FoundVerification extends Omit<VerificationFacts, 'isResolved' | 'waiting'> {
  isResolved: 0 | 1
}

interface FoundRegistration extends Omit<WaitingRegistration, 'metadata'> {
  metadata: Buffer | string
}

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at the value of a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
export const prepareVerifications = onceForClient((client: Database) => ({
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
}))
