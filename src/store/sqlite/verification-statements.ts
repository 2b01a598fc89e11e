import type { Database } from 'better-sqlite3'
import type { Answer } from '../../core/answer.ts'
import type { DueVerification } from '../rules/claim-verifications.ts'
import type { ClaimedVerification } from '../store.ts'

/** A partner that has verifications waiting, and when the first of them is due. */
export interface Head {
  partnerId: string
  dueAt: number
}

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
export type WaitingRow = [verificationId: number, id: string, createdAt: number, expiresAt: number]

interface FoundVerification {
  id: number
  idcardid: string
  partnerId: string
  claims: number
  claimedAt: number | null
  nudgedAt: number
  polls: number
  lastOpenAt: number | null
  rawStatus: string | null
  isResolved: 0 | 1
}

interface FoundRegistration {
  verificationId: number
  n: number
  id: string
  partnerId: string
  laneId: number
  callbackUrl: string
  metadata: string
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
  }
}

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at the value of a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
export const prepareVerifications = (client: Database) => ({
  /**
   * The first due time of each partner that has any: one index seek a partner (SQLite has no skip scan of its own), so
   * that a partner with a million rows costs no more than one with a single row.
   */
  heads: client.prepare<{ accountId: string }, Head>(`
    WITH RECURSIVE queued(partner_id) AS (
      SELECT min(partner_id) FROM verifications WHERE account_id = +@accountId AND due_at IS NOT NULL
      UNION ALL
      SELECT (SELECT min(partner_id) FROM verifications
              WHERE account_id = +@accountId AND due_at IS NOT NULL AND partner_id > queued.partner_id)
      FROM queued WHERE queued.partner_id IS NOT NULL)
    SELECT queued.partner_id AS partnerId,
      (SELECT min(due_at) FROM verifications v
       WHERE v.account_id = +@accountId AND v.partner_id = queued.partner_id AND v.due_at IS NOT NULL) AS dueAt
    FROM queued JOIN partners ON partners.id = queued.partner_id
    WHERE partners.disabled = 0`),
  /** What is due of a partner, the longest due first; the index has all of it. */
  due: client.prepare<{ accountId: string; partnerId: string; at: number; limit: number }, DueVerification>(`
    SELECT id, due_at AS dueAt, last_polled_at AS lastPolledAt FROM verifications
    WHERE account_id = +@accountId AND partner_id = +@partnerId AND due_at IS NOT NULL AND due_at <= +@at
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
    SELECT verification_id, r.id, created_at, expires_at
    FROM json_each(?) asked CROSS JOIN registrations r ON r.verification_id = asked.value
    WHERE status = 'pending'`)
    .raw(),
  find: client.prepare<[id: number], FoundVerification>(`
    SELECT id, idcardid, partner_id AS partnerId, claims, claimed_at AS claimedAt, nudged_at AS nudgedAt, polls,
      last_open_at AS lastOpenAt, raw_status AS rawStatus, verdict IS NOT NULL AS isResolved
    FROM verifications WHERE id = ?`),
  waiting: client.prepare<[verificationId: number], FoundRegistration>(`
    SELECT verification_id AS verificationId, n, id, partner_id AS partnerId, lane_id AS laneId,
      callback_url AS callbackUrl, metadata
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
      dueAt: number | null,
      verdict: Buffer | null,
      observedAt: number | null,
      previousPollAt: number | null,
      id: number,
    ]
  >(`
    UPDATE verifications SET claimed_at = NULL, polls = ?, last_polled_at = ?, last_answer = ?, last_code = ?,
      last_open_at = ?, failures = ?, failing_since = ?, invalid_ids = ?, gone_checks = ?, seen = ?, raw_status = ?, due_at = ?, verdict = ?,
      observed_at = ?, previous_poll_at = ?
    WHERE id = ?`),
})
