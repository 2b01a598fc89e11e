import type { Database } from 'better-sqlite3'
import type { MessageState } from '../../core/message.ts'
import type { PartnersQuestion } from '../message-claims.ts'
import type { MessageFacts } from '../rules/settle-message.ts'
import type { AttemptKind } from '../store.ts'

/** An array: an object of a row costs as much as finding it. */
export type DueMessage = [
  seq: number,
  claims: number,
  registrationId: string,
  callbackUrl: string,
  body: Buffer,
  attempts: number,
  retries: number,
  traceparent: string | null,
  createdAt: number,
  dueAt: number,
]

export interface PartnerWithLanes {
  id: string
  disabled: 0 | 1
}

interface FoundMessage extends Omit<MessageFacts, 'isErased' | 'isRecorded'> {
  isErased: 0 | 1
}

interface LanesWanted {
  partnerId: string
  slow: 0 | 1
  proven: 0 | 1
  at: number
  limit: number
}

interface FoundLane {
  id: number
  partnerId: string
  host: string
  dueAt: number
}

/** The due messages of a lane, the oldest or the newest. */
const prepareDue = (client: Database, order: 'ASC' | 'DESC') =>
  client
    .prepare<[laneId: number, at: number, limit: number], DueMessage>(`
    SELECT seq, claims, registration_id, callback_url, body, attempts + unrecorded, retries, traceparent,
      created_at, due_at
    FROM messages WHERE lane_id = +? AND due_at IS NOT NULL AND due_at <= +? ORDER BY due_at ${order}, seq ${order} LIMIT +?`)
    .raw()

/**
 * The pluses: where there is an order, a limit or a min(), SQLite looks at the value of a bare parameter, and so compiles
 * the statement anew at every call, which costs several times its work.
 */
export const prepareMessages = (client: Database) => ({
  /** The earliest due time of a lane. */
  firstDue: client
    .prepare<[], number>(`
    SELECT lanes.due_at FROM lanes JOIN partners ON partners.id = lanes.partner_id
    WHERE lanes.due_at IS NOT NULL AND partners.disabled = 0 ORDER BY lanes.due_at LIMIT 1`)
    .pluck(),
  /** The partners that have something to send, in order, from after `after`: one seek of the index a partner. */
  partnersWithLanes: client.prepare<PartnersQuestion, PartnerWithLanes>(`
    WITH RECURSIVE walk(partner_id, nth) AS (
      SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > +@after), 1
      UNION ALL
      SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > walk.partner_id), nth + 1
      FROM walk WHERE walk.partner_id IS NOT NULL AND nth < +@limit)
    SELECT partners.id, partners.disabled FROM walk JOIN partners ON partners.id = walk.partner_id`),
  dueLanes: client.prepare<LanesWanted, FoundLane>(`
    SELECT id, partner_id AS partnerId, host, due_at AS dueAt FROM lanes
    WHERE partner_id = +@partnerId AND slow = +@slow AND proven = +@proven AND due_at IS NOT NULL AND due_at <= +@at
    ORDER BY due_at, id LIMIT +@limit`),
  due: prepareDue(client, 'ASC'),
  newest: prepareDue(client, 'DESC'),
  claim: client.prepare<[at: number, leaseEnd: number, seqs: string]>(`
    UPDATE messages SET claims = claims + 1, claimed_at = ?, due_at = ?
    WHERE seq IN (SELECT value FROM json_each(?))`),
  /** The count goes up, so that an attempt whose lease ran out can be told apart from one that was settled. */
  hold: client.prepare<[seqs: string]>(`
    UPDATE messages SET claims = claims + 1, claimed_at = NULL, due_at = NULL
    WHERE seq IN (SELECT value FROM json_each(?))`),
  exhaust: client.prepare<[seqs: string]>(`
    UPDATE messages SET state = 'exhausted', claims = claims + 1, claimed_at = NULL, due_at = NULL
    WHERE seq IN (SELECT value FROM json_each(?))`),
  /** Leases count as due times too: a crashed worker's messages bring their lane back. */
  settleLane: client.prepare<[id: number, id: number]>(`
    UPDATE lanes SET due_at = (SELECT min(due_at) FROM messages WHERE lane_id = +? AND due_at IS NOT NULL)
    WHERE id = ?`),
  /** Lanes whose partner cannot sign now. */
  putOff: client.prepare<[dueAt: number, ids: string]>(
    'UPDATE lanes SET due_at = ? WHERE id IN (SELECT value FROM json_each(?))',
  ),
  find: client.prepare<[seq: number], FoundMessage>(`
    SELECT seq, registration_id AS registrationId, state, due_at AS dueAt, claimed_at AS claimedAt, claims, fence, attempts,
      unrecorded, retries, length(body) = 0 AS isErased
    FROM messages WHERE seq = ?`),
  findAttempt: client
    .prepare<[seq: number, n: number], 1>('SELECT 1 FROM attempts WHERE message_seq = ? AND n = ?')
    .pluck(),
  settle: client.prepare<
    [
      state: MessageState,
      dueAt: number | null,
      claimedAt: number | null,
      attempts: number,
      unrecorded: number,
      retries: number,
      seq: number,
    ]
  >(
    'UPDATE messages SET state = ?, due_at = ?, claimed_at = ?, attempts = ?, unrecorded = ?, retries = ? WHERE seq = ?',
  ),
  /** The oldest beyond those that are kept. */
  trimAttempts: client.prepare<{ seq: number; kept: number }>(`
    DELETE FROM attempts WHERE message_seq = @seq AND n IN (
      SELECT n FROM attempts WHERE message_seq = +@seq ORDER BY n DESC LIMIT 100 OFFSET +@kept)`),
  addAttempt: client.prepare<
    [
      seq: number,
      n: number,
      at: number,
      AttemptKind,
      httpStatus: number | null,
      error: string | null,
      durationMs: number,
      excerpt: string | null,
    ]
  >(`
    INSERT INTO attempts (message_seq, n, at, outcome, http_status, error, duration_ms, response_excerpt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
})
