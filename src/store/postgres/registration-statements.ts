import { type LockedMessage, saveDeliveries } from '../messages/deliveries.ts'
import type { SelectedRegistration } from '../registration-rows.ts'
import { SELECT_REGISTRATIONS } from '../registrations/rows.ts'
import type { CancelPlan } from '../rules/cancel.ts'
import type { Tx } from './connection.ts'

/** @param rest of the statement: of `registrations r`, `verifications v`, `messages m` */
export const selectRegistrations = (
  tx: Tx,
  rest: string,
  values: readonly unknown[],
): Promise<SelectedRegistration[]> => tx.rows<SelectedRegistration>(`${SELECT_REGISTRATIONS} ${rest}`, values)

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

/** Locks the verifications of these registrations: whoever changes a registration has its verification locked. */
export const lockVerificationsOf = (tx: Tx, owned: readonly OwnedRegistration[]): Promise<{ id: number }[]> =>
  tx.rows(
    `SELECT id FROM verifications WHERE id IN (
       SELECT r.verification_id FROM registrations r
       WHERE (r.id, r.partner_id) IN (SELECT * FROM unnest($1::text[], $2::text[])))
     ORDER BY id FOR NO KEY UPDATE`,
    [owned.map(({ id }) => id), owned.map(({ partnerId }) => partnerId)],
  )

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
