import { LIVE_STATUSES } from '../../core/registration.ts'
import { type LockedMessage, saveDeliveries } from '../messages/deliveries.ts'
import type { SelectedRegistration } from '../registration-rows.ts'
import type { CancelPlan } from '../rules/cancel.ts'
import type { Nudge, StoredVerification } from '../rules/register.ts'
import type { Tx } from './connection.ts'
import { sealedOrTextFrom, sealedOrTextTo } from './drizzle.ts'

const SELECT_REGISTRATIONS = `
  SELECT r.id, r.partner_id AS "partnerId", r.verification_id AS "verificationId", r.n, v.account_id AS "accountId", v.idcardid,
    r.callback_url AS "callbackUrl", r.metadata, r.status, r.reason, v.verdict, v.polls, v.last_polled_at AS "lastPolledAt",
    v.queue AS "pollQueue", v.due_at AS "pollDueAt", v.claimed_at AS "pollClaimedAt", v.claims AS "pollClaims",
    r.message_seq AS "messageSeq", m.state AS "messageState", m.claims AS "messageClaims", m.attempts, m.due_at AS "sendDueAt",
    m.claimed_at AS "sendClaimedAt", r.created_at AS "createdAt", r.expires_at AS "expiresAt", r.resolved_at AS "resolvedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id LEFT JOIN messages m ON m.seq = r.message_seq`

/** @param rest of the statement: of `registrations r`, `verifications v`, `messages m` */
export const selectRegistrations = async (
  tx: Tx,
  rest: string,
  values: readonly unknown[],
): Promise<SelectedRegistration[]> => {
  const rows = await tx.rows<SelectedRegistration & { metadata: Buffer }>(`${SELECT_REGISTRATIONS} ${rest}`, values)
  return rows.map(row => ({ ...row, metadata: sealedOrTextFrom(row.metadata) }))
}

/** A registration as whoever acts on it names it. */
export interface OwnedRegistration {
  partnerId: string
  id: string
}

/** Those of these that there are, by their ids. */
export const selectOwned = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
): Promise<Map<string, SelectedRegistration>> => {
  const rows = await selectRegistrations(
    tx,
    'WHERE (r.id, r.partner_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))',
    [owned.map(({ id }) => id), owned.map(({ partnerId }) => partnerId)],
  )
  return new Map(rows.map(row => [row.id, row]))
}

/** A serial of an account. */
export interface SerialName {
  accountId: string
  idcardid: string
}

/** As it is stored. */
interface FoundVerification extends SerialName, StoredVerification {
  polls: number
  lastPolledAt: number | null
}

const nameColumns = (names: readonly SerialName[]): [idcardids: string[], accountIds: string[]] => [
  names.map(({ idcardid }) => idcardid),
  names.map(({ accountId }) => accountId),
]

/** Those of these that there are, locked. */
export const lockSerials = (tx: Tx, names: readonly SerialName[]): Promise<FoundVerification[]> =>
  tx.rows<FoundVerification>(
    `SELECT id, account_id AS "accountId", partner_id AS "partnerId", idcardid, queue, due_at AS "dueAt",
       claimed_at AS "claimedAt", verdict, observed_at AS "observedAt", previous_poll_at AS "previousPollAt", polls,
       last_polled_at AS "lastPolledAt"
     FROM verifications WHERE (idcardid, account_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
     ORDER BY id FOR NO KEY UPDATE`,
    nameColumns(names),
  )

/** A key by which serials of an account belong to a partner. */
interface SerialKey {
  accountId: string
  serialKey: string
}

/** Whose keys are: of the serial that is its own key, or of others that have it. A join may read all of a table. */
export const findKeyOwners = (tx: Tx, keys: readonly SerialKey[]): Promise<(SerialKey & { partnerId: string })[]> =>
  tx.rows(
    `SELECT wanted.serial_key AS "serialKey", wanted.account_id AS "accountId", found.partner_id AS "partnerId"
     FROM unnest($1::text[], $2::text[]) AS wanted(serial_key, account_id) CROSS JOIN LATERAL (
       (SELECT v.partner_id FROM verifications v
        WHERE v.idcardid = wanted.serial_key AND v.account_id = wanted.account_id LIMIT 1)
       UNION ALL
       (SELECT v.partner_id FROM verifications v
        WHERE v.serial_key = wanted.serial_key AND v.account_id = wanted.account_id LIMIT 1)
       LIMIT 1
     ) AS found`,
    [keys.map(({ serialKey }) => serialKey), keys.map(({ accountId }) => accountId)],
  )

/** How many registrations each of these verifications has. */
export const countRegistrations = (
  tx: Tx,
  ids: readonly number[],
): Promise<{ verificationId: number; live: number; made: number }[]> =>
  tx.rows(
    `SELECT verification_id AS "verificationId", count(*) FILTER (WHERE status = ANY($2)) AS live, max(n) + 1 AS made
     FROM registrations WHERE verification_id = ANY($1::bigint[]) GROUP BY verification_id`,
    [ids, LIVE_STATUSES],
  )

/** The live registrations of these pairs. */
export const findLive = (
  tx: Tx,
  pairs: readonly { verificationId: number; callbackUrl: string }[],
): Promise<SelectedRegistration[]> =>
  selectRegistrations(
    tx,
    'WHERE (r.verification_id, r.callback_url) IN (SELECT * FROM unnest($1::bigint[], $2::text[])) AND r.status = ANY($3)',
    [pairs.map(({ verificationId }) => verificationId), pairs.map(({ callbackUrl }) => callbackUrl), LIVE_STATUSES],
  )

/** Locks the verifications of these registrations: whoever changes a registration has its verification locked. */
export const lockVerificationsOf = (tx: Tx, owned: readonly OwnedRegistration[]): Promise<{ id: number }[]> =>
  tx.rows(
    `SELECT id FROM verifications WHERE id IN (
       SELECT r.verification_id FROM registrations r
       WHERE (r.id, r.partner_id) IN (SELECT * FROM unnest($1::text[], $2::text[])))
     ORDER BY id FOR NO KEY UPDATE`,
    [owned.map(({ id }) => id), owned.map(({ partnerId }) => partnerId)],
  )

export const saveNudges = async (tx: Tx, nudges: readonly (Nudge & { id: number })[]): Promise<void> => {
  if (nudges.length === 0) return
  await tx.rows(
    `UPDATE verifications SET nudged_at = v.nudged_at, queue = v.queue, due_at = v.due_at
     FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[]) AS v(id, nudged_at, queue, due_at)
     WHERE verifications.id = v.id`,
    [
      nudges.map(({ id }) => id),
      nudges.map(({ nudgedAt }) => nudgedAt),
      nudges.map(({ queue }) => queue),
      nudges.map(({ dueAt }) => dueAt),
    ],
  )
}

export interface NewVerification extends SerialName, Nudge {
  partnerId: string
  /** Null: the serial itself is its key. */
  serialKey: string | null
}

/**
 * Their ids count up in their order; they are inserted in the order of their serials, so that two transactions that insert the same
 * ones do not wait for each other. Whoever comes second fails, and is run again.
 */
export const addVerifications = async (
  tx: Tx,
  added: readonly NewVerification[],
): Promise<(SerialName & { id: number })[]> => {
  if (added.length === 0) return []
  return tx.rows<SerialName & { id: number }>(
    `INSERT INTO verifications (id, account_id, partner_id, idcardid, serial_key, created_at, nudged_at, queue, due_at)
     OVERRIDING SYSTEM VALUE
     SELECT id, account_id, partner_id, idcardid, serial_key, $8::bigint, nudged_at, queue, due_at FROM (
       SELECT nextval(pg_get_serial_sequence('verifications', 'id')) AS id, v.*
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::bigint[]) WITH ORDINALITY
         AS v(idcardid, account_id, partner_id, serial_key, nudged_at, queue, due_at, nth)
       ORDER BY v.nth
     ) AS numbered ORDER BY idcardid COLLATE "C", account_id COLLATE "C"
     RETURNING id, account_id AS "accountId", idcardid`,
    [
      ...nameColumns(added),
      added.map(({ partnerId }) => partnerId),
      added.map(({ serialKey }) => serialKey),
      added.map(({ nudgedAt }) => nudgedAt),
      added.map(({ queue }) => queue),
      added.map(({ dueAt }) => dueAt),
      tx.at,
    ],
  )
}

interface AddedRegistration extends OwnedRegistration {
  verificationId: number
  n: number
  callbackUrl: string
  laneId: number
  metadata: Buffer | string
  expiresAt: number
  traceparent: string | null
}

export const addRegistrations = async (tx: Tx, added: readonly AddedRegistration[]): Promise<void> => {
  if (added.length === 0) return
  await tx.rows(
    `INSERT INTO registrations (verification_id, n, id, partner_id, callback_url, lane_id, metadata, status, created_at,
       expires_at, traceparent)
     SELECT verification_id, n, id, partner_id, callback_url, lane_id, metadata, 'pending', $9::bigint, expires_at, traceparent
     FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::bigint[],
       $10::text[]) AS v(verification_id, n, id, partner_id, callback_url, lane_id, metadata, expires_at, traceparent)`,
    [
      added.map(({ verificationId }) => verificationId),
      added.map(({ n }) => n),
      added.map(({ id }) => id),
      added.map(({ partnerId }) => partnerId),
      added.map(({ callbackUrl }) => callbackUrl),
      added.map(({ laneId }) => laneId),
      added.map(({ metadata }) => sealedOrTextTo(metadata)),
      added.map(({ expiresAt }) => expiresAt),
      tx.at,
      added.map(({ traceparent }) => traceparent),
    ],
  )
}

type Cancelled = Pick<SelectedRegistration, 'verificationId' | 'n'> & {
  plan: CancelPlan
  /** Its message, locked. */
  message: LockedMessage | undefined
}

export const saveCancelled = async (tx: Tx, cancelled: readonly Cancelled[]): Promise<void> => {
  if (cancelled.length === 0) return
  await tx.rows(
    `UPDATE registrations SET status = 'cancelled', metadata = '{}', resolved_at = v.resolved_at
     FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS v(verification_id, n, resolved_at)
     WHERE registrations.verification_id = v.verification_id AND registrations.n = v.n`,
    [
      cancelled.map(({ verificationId }) => verificationId),
      cancelled.map(({ n }) => n),
      cancelled.map(({ plan }) => plan.registration.resolvedAt),
    ],
  )
  await eraseMessages(tx, cancelled)
  // Of several of one serial the last one counts.
  const stopped = new Map<number, number>()
  for (const { verificationId, plan } of cancelled)
    if (plan.verification.stops) stopped.set(verificationId, plan.verification.stops.claims)
  if (stopped.size > 0) {
    await tx.rows(
      `UPDATE verifications SET due_at = NULL, claimed_at = NULL, claims = v.claims
       FROM unnest($1::bigint[], $2::int[]) AS v(id, claims) WHERE verifications.id = v.id`,
      [[...stopped.keys()], [...stopped.values()]],
    )
  }
  const erased = cancelled.filter(({ plan }) => plan.verification.isErased).map(({ verificationId }) => verificationId)
  if (erased.length > 0) {
    await tx.rows(
      `UPDATE verifications SET verdict = NULL, raw_status = NULL, observed_at = NULL, previous_poll_at = NULL
       WHERE id = ANY($1::bigint[])`,
      [erased],
    )
  }
}

/** What they say, and what receivers answered. */
const eraseMessages = async (tx: Tx, cancelled: readonly Cancelled[]): Promise<void> => {
  const changes = cancelled.flatMap(({ message: was, plan }) =>
    was && plan.message ? [{ was, becomes: { ...was, ...plan.message, dueAt: null, claimedAt: null } }] : [],
  )
  if (changes.length === 0) return
  await saveDeliveries(tx, changes)
  const seqs = changes.map(({ was }) => was.seq)
  await tx.rows("UPDATE message_bodies SET body = '' WHERE seq = ANY($1::bigint[])", [seqs])
  await tx.rows('UPDATE attempts SET response_excerpt = NULL WHERE message_seq = ANY($1::bigint[])', [seqs])
}
