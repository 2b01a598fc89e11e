import type { Database, Statement } from 'better-sqlite3'
import type { Answer } from '../../core/answer.ts'
import type { ClaimedVerification, VerificationSettlement } from '../store.ts'
import { belongs } from './nesting.ts'
import type { Ending } from './tell.ts'

/** A partner that has rows waiting, and when the first of them is due. */
export interface Head {
  partnerId: string
  dueAt: number
}

export const claimedFrom = (row: TakenRow, dueAt: number, waiting: readonly WaitingRow[]): ClaimedVerification => {
  const [id, claim, partnerId, idcardid, polls, nudgedAt, lastPolledAt, failures, invalidIds, goneChecks, seen] = row
  return {
    id,
    claim,
    partnerId,
    idcardid,
    dueAt,
    polls,
    nudgedAt,
    lastPolledAt,
    failures,
    invalidIds,
    goneChecks,
    seen: seen === 1,
    waiting: waiting.map(([, id, createdAt, expiresAt]) => ({ id, createdAt, expiresAt })),
  }
}

/** In the order of `STATE`. */
export const stateOf = ({ step, answer, askedAt }: VerificationSettlement): State => [
  askedAt,
  answer.kind,
  answer.code,
  step.failures,
  step.invalidIds,
  step.goneChecks,
  step.seen ? 1 : 0,
]
type State = [number, Answer['kind'], code: number | null, number, number, number, seen: 0 | 1]

/** Of the many rows of a claim, arrays: an object of a row costs as much as finding it. */
export type DueRow = [id: number, dueAt: number]
export type TakenRow = [
  id: number,
  claim: number,
  partnerId: string,
  idcardid: string,
  polls: number,
  nudgedAt: number,
  lastPolledAt: number | null,
  failures: number,
  invalidIds: number,
  goneChecks: number,
  seen: 0 | 1,
]
type WaitingRow = [verificationId: number, id: string, createdAt: number, expiresAt: number]
interface VerificationRow {
  idcardid: string
  claims: number
  lastPolledAt: number | null
  rawStatus: string | null
  isResolved: 0 | 1
  isNudged: 0 | 1
  partnerId: string
}
/** One of those that wait for it, if there are any. */
type FoundRow = VerificationRow & (Ending['registration'] | { id: null })
export const isWaiting = (row: FoundRow): row is VerificationRow & Ending['registration'] => row.id !== null

/** Somebody came back while the call was under way. */
const NUDGED = 'claimed_at IS NOT NULL AND nudged_at > claimed_at'
const STATE = `claimed_at = NULL, polls = polls + 1, last_polled_at = ?, last_answer = ?, last_code = ?, failures = ?,
  invalid_ids = ?, gone_checks = ?, seen = ?`

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at what is bound to a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
interface Statements {
  heads: Statement<{ accountId: string }, Head>
  due: Statement<DueQuestion, DueRow>
  claim: Statement<[at: number, leaseEnd: number, ids: string], TakenRow>
  allWaiting: Statement<[ids: string], WaitingRow>
  find: Statement<[id: number], FoundRow>
  goOn: Statement<[...State, rawStatus: string | null, at: number, dueAt: number, id: number, claim: number]>
  end: Statement<[...State, ...Ended, id: number]>
}
type DueQuestion = { accountId: string; partnerId: string; at: number; window: number; limit: number }
type Ended = [
  ...[rawStatus: string | null, dueAt: number | null, verdict: Buffer | null],
  ...[observedAt: number | null, previousPollAt: number | null],
]

export const prepareVerifications = (client: Database): Statements => ({
  /**
   * The first due time of each partner that has any: one index seek a partner (SQLite has no skip scan of its own), so
   * that a partner with a million rows costs no more than one with a single row.
   */
  heads: client.prepare(`
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
  /**
   * Of what is due, that first which is latest in proportion to how long it was to wait: under a rate that is too low for
   * all, each is late by the same factor. What has never been asked goes before.
   */
  due: client
    .prepare<DueQuestion, DueRow>(`
    SELECT id, due_at FROM (SELECT id, due_at, last_polled_at FROM verifications
      WHERE account_id = +@accountId AND partner_id = +@partnerId AND due_at IS NOT NULL AND due_at <= +@at
      ORDER BY due_at LIMIT +@window)
    ORDER BY (@at - due_at + 1.0) / max(1000, due_at - coalesce(last_polled_at, due_at)) DESC, due_at, id
    LIMIT +@limit`)
    .raw(),
  claim: client
    .prepare<[at: number, leaseEnd: number, ids: string], TakenRow>(`
    UPDATE verifications SET claims = claims + 1, claimed_at = ?, due_at = ?
    WHERE id IN (SELECT value FROM json_each(?))
    RETURNING id, claims, partner_id, idcardid, polls, nudged_at, last_polled_at, failures, invalid_ids, gone_checks, seen`)
    .raw(),
  allWaiting: client
    .prepare<[ids: string], WaitingRow>(`
    SELECT verification_id, r.id, created_at, expires_at
    FROM json_each(?) asked CROSS JOIN registrations r ON ${belongs('r.no', 'asked.value')}
    WHERE status = 'pending'`)
    .raw(),
  /** A row for each registration that waits, or a single one. */
  find: client.prepare(`
    SELECT v.partner_id AS partnerId, idcardid, claims, last_polled_at AS lastPolledAt, raw_status AS rawStatus,
      verdict IS NOT NULL AS isResolved, ${NUDGED} AS isNudged,
      r.no, r.id, r.lane_id AS laneId, r.callback_url AS callbackUrl, r.metadata
    FROM verifications v LEFT JOIN registrations r ON ${belongs('r.no', 'v.id')} AND r.status = 'pending'
    WHERE v.id = +?`),
  goOn: client.prepare(`
    UPDATE verifications SET ${STATE}, raw_status = coalesce(?, raw_status), due_at = CASE WHEN ${NUDGED} THEN ? ELSE ? END
    WHERE id = ? AND claims = ? AND verdict IS NULL`),
  end: client.prepare(`
    UPDATE verifications SET ${STATE}, raw_status = ?, due_at = ?, verdict = ?, observed_at = ?, previous_poll_at = ?
    WHERE id = ?`),
})
