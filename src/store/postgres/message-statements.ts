import type { PartnersQuestion } from '../message-claims.ts'
import { KEPT_ATTEMPTS, type MessagePlan } from '../rules/settle-message.ts'
import type { DueLane, LanesQuestion } from '../rules/share-slots.ts'
import type { Tx } from './connection.ts'

/** A message that is due, as a claim reads it. */
export interface DueMessage {
  seq: number
  claims: number
  registrationId: string
  callbackUrl: string
  body: Buffer
  attempts: number
  retries: number
  traceparent: string | null
  createdAt: number
  dueAt: number
  /** Messages for its URL are held. */
  isPaused: boolean
}

/** What a claim makes of a message. `claimedAt` null: it is not handed out; `dueAt` null: not before something makes it due. */
export interface ClaimUpdate {
  seq: number
  claimedAt: number | null
  dueAt: number | null
}

export interface PartnerWithLanes {
  id: string
  disabled: boolean
  /** Messages for some of its URLs may be held. */
  isPausing: boolean
}

/** The earliest due time of a lane, by the index that is for this alone, and whether a URL still has messages to be made due. */
export const PEEK = `SELECT
  (SELECT l.due_at FROM lanes l JOIN partners p ON p.id = l.partner_id
    WHERE l.due_at >= 0 AND NOT p.disabled ORDER BY l.due_at LIMIT 1) AS "firstDue",
  EXISTS (SELECT FROM callbacks c WHERE c.state = 'releasing' AND c.state <> 'watched') AS "isReleasing"`

/** The partners that have something to send, in order, from after $1: one seek of the index a partner. */
export const PARTNERS_WITH_LANES = `
  WITH RECURSIVE walk(partner_id, nth) AS (
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > $1), 1
    UNION ALL
    SELECT (SELECT min(partner_id) FROM lanes WHERE due_at IS NOT NULL AND partner_id > walk.partner_id), nth + 1
    FROM walk WHERE walk.partner_id IS NOT NULL AND nth < $2)
  SELECT p.id, p.disabled, EXISTS (SELECT FROM callbacks c WHERE c.partner_id = p.id AND c.held_since IS NOT NULL) AS "isPausing"
  FROM walk JOIN partners p ON p.id = walk.partner_id ORDER BY p.id`

export const DUE_LANES = `
  SELECT l.id, l.partner_id AS "partnerId", l.host, l.due_at AS "dueAt", l.slow, l.proven
  FROM unnest($1::text[], $2::bool[], $3::bool[], $4::int[]) AS q(partner_id, slow, proven, most)
    CROSS JOIN LATERAL (SELECT * FROM lanes
      WHERE partner_id = q.partner_id AND slow = q.slow AND proven = q.proven AND due_at IS NOT NULL AND due_at <= $5
      ORDER BY due_at, id LIMIT q.most) AS l`

/**
 * Each lane has its own limit, of its oldest due messages or its newest. What others have locked is left out. A join of the holds, or of
 * the bodies, may read all of them.
 */
const dueMessagesIn = (order: 'ASC' | 'DESC'): string => `
  SELECT w.nth, d.seq, d.claims, d.registration_id AS "registrationId", d.callback_url AS "callbackUrl", b.body,
    d.attempts + d.unrecorded AS attempts, d.retries, b.traceparent, b.created_at AS "createdAt", d.due_at AS "dueAt",
    (SELECT c.held_since FROM callbacks c WHERE c.partner_id = d.partner_id AND c.callback_url = d.callback_url) IS NOT NULL
      AS "isPaused"
  FROM unnest($1::bigint[], $2::int[]) WITH ORDINALITY AS w(lane_id, most, nth)
    CROSS JOIN LATERAL (SELECT * FROM deliveries
      WHERE lane_id = w.lane_id AND due_at IS NOT NULL AND due_at <= $3
      ORDER BY due_at ${order}, seq ${order} LIMIT w.most FOR NO KEY UPDATE SKIP LOCKED) AS d
    CROSS JOIN LATERAL (SELECT body, traceparent, created_at FROM message_bodies WHERE seq = d.seq LIMIT 1) AS b
  ORDER BY w.nth, d.due_at, d.seq`
export const DUE_MESSAGES = dueMessagesIn('ASC')
const NEWEST_MESSAGES = dueMessagesIn('DESC')

/** The count goes up for what is held too, so that an attempt whose lease ran out can be told apart from one that was settled. */
export const CLAIM = `
  UPDATE deliveries SET claims = claims + 1, claimed_at = v.claimed_at, due_at = v.due_at
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(seq, claimed_at, due_at) WHERE deliveries.seq = v.seq`

const EXHAUST = `
  UPDATE deliveries SET state = 'exhausted', claims = claims + 1, claimed_at = NULL, due_at = NULL WHERE seq = ANY($1::bigint[])`

/** Leases count as due times too: a crashed worker's messages bring their lane back. */
export const SETTLE_LANES = `
  UPDATE lanes SET due_at = (SELECT min(d.due_at) FROM deliveries d WHERE d.lane_id = lanes.id AND d.due_at IS NOT NULL)
  WHERE id = ANY($1::bigint[])`

const FIND_ATTEMPTS = `
  SELECT a.message_seq AS seq, a.n AS claim FROM unnest($1::bigint[], $2::int[]) AS w(seq, n)
    JOIN attempts a ON a.message_seq = w.seq AND a.n = w.n`

const ADD_ATTEMPTS = `
  INSERT INTO attempts (message_seq, n, at, outcome, http_status, error, duration_ms, response_excerpt)
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::int[], $8::text[])`

/** The oldest beyond those that are kept. */
export const TRIM_ATTEMPTS = `
  DELETE FROM attempts USING (
    SELECT t.seq, old.n FROM unnest($1::bigint[]) AS t(seq)
      CROSS JOIN LATERAL (SELECT a.n FROM attempts a WHERE a.message_seq = t.seq
        ORDER BY a.n DESC LIMIT 100 OFFSET ${KEPT_ATTEMPTS}) AS old
  ) AS trimmed
  WHERE attempts.message_seq = trimmed.seq AND attempts.n = trimmed.n`

export type NewAttempt = NonNullable<MessagePlan['attempt']> & { seq: number }
/** An attempt, by its message and the claim that made it. */
export interface AttemptKey {
  seq: number
  claim: number
}

export const peek = async (tx: Tx): Promise<{ firstDue: number | null; isReleasing: boolean }> => {
  const [row] = await tx.rows<{ firstDue: number | null; isReleasing: boolean }>(PEEK)
  return row ?? { firstDue: null, isReleasing: false }
}

export const partnersWithLanes = (tx: Tx, { after, limit }: PartnersQuestion): Promise<PartnerWithLanes[]> =>
  tx.rows(PARTNERS_WITH_LANES, [after, limit])

export const dueLanes = (tx: Tx, questions: readonly LanesQuestion[], at: number): Promise<DueLane[]> =>
  tx.rows(DUE_LANES, [
    questions.map(({ partnerId }) => partnerId),
    questions.map(({ slow }) => slow),
    questions.map(({ proven }) => proven),
    questions.map(({ limit }) => limit),
    at,
  ])

/** Each lane's own messages, in the order of the lanes. The caller has locked them. */
export const dueMessages = async (
  tx: Tx,
  lanes: readonly { laneId: number; limit: number }[],
  which: 'oldest' | 'newest',
): Promise<DueMessage[][]> => {
  if (lanes.every(({ limit }) => limit === 0)) return lanes.map(() => [])
  const values = [lanes.map(({ laneId }) => laneId), lanes.map(({ limit }) => limit), tx.at]
  const text = which === 'oldest' ? DUE_MESSAGES : NEWEST_MESSAGES
  return dealt(await tx.rows<DueMessage & { nth: number }>(text, values), lanes.length)
}

const dealt = <Row extends { nth: number }>(rows: readonly Row[], count: number): Omit<Row, 'nth'>[][] => {
  const all = Array.from({ length: count }, (): Omit<Row, 'nth'>[] => [])
  for (const { nth, ...row } of rows) all[nth - 1]?.push(row)
  return all
}

export const claim = async (tx: Tx, updates: readonly ClaimUpdate[]): Promise<void> => {
  if (updates.length === 0) return
  await tx.rows(CLAIM, [
    updates.map(({ seq }) => seq),
    updates.map(({ claimedAt }) => claimedAt),
    updates.map(({ dueAt }) => dueAt),
  ])
}

export const exhaust = async (tx: Tx, seqs: readonly number[]): Promise<void> => {
  if (seqs.length > 0) await tx.rows(EXHAUST, [seqs])
}

/** After what has changed in them is written. */
export const settleLanes = async (tx: Tx, ids: readonly number[]): Promise<void> => {
  if (ids.length > 0) await tx.rows(SETTLE_LANES, [ids])
}

/** Those of these attempts that are written already. */
export const findAttempts = async (tx: Tx, keys: readonly AttemptKey[]): Promise<AttemptKey[]> =>
  keys.length === 0 ? [] : tx.rows(FIND_ATTEMPTS, [keys.map(({ seq }) => seq), keys.map(({ claim }) => claim)])

export const addAttempts = async (tx: Tx, attempts: readonly NewAttempt[]): Promise<void> => {
  if (attempts.length === 0) return
  await tx.rows(ADD_ATTEMPTS, [
    attempts.map(({ seq }) => seq),
    attempts.map(({ n }) => n),
    attempts.map(({ at }) => at),
    attempts.map(({ outcome }) => outcome),
    attempts.map(({ httpStatus }) => httpStatus),
    attempts.map(({ error }) => error),
    attempts.map(({ durationMs }) => durationMs),
    attempts.map(({ responseExcerpt }) => responseExcerpt),
  ])
}

export const trimAttempts = async (tx: Tx, seqs: readonly number[]): Promise<void> => {
  if (seqs.length > 0) await tx.rows(TRIM_ATTEMPTS, [seqs])
}
