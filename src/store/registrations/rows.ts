import { type SelectedRegistration, toRegistration } from '../registration-rows.ts'
import type { Opening } from '../sealed.ts'
import type { Registration } from '../store.ts'
import type { Sql, Tx } from '../tx.ts'

/**
 * Behind it: of `registrations r`, `verifications v`, `message_bodies b`, `deliveries d`. The last two are what the view `messages` joins,
 * which SQLite would make as a whole for a LEFT JOIN.
 */
export const SELECT_REGISTRATIONS = `
  SELECT r.id, r.partner_id AS "partnerId", r.verification_id AS "verificationId", r.n, v.account_id AS "accountId", v.idcardid,
    r.callback_url AS "callbackUrl", r.metadata, r.status, r.reason, v.verdict, v.polls, v.last_polled_at AS "lastPolledAt",
    v.queue AS "pollQueue", v.due_at AS "pollDueAt", v.claimed_at AS "pollClaimedAt", v.claims AS "pollClaims",
    r.message_seq AS "messageSeq", CASE WHEN b.seq IS NOT NULL THEN coalesce(d.state, 'delivered') END AS "messageState",
    coalesce(d.claims, b.claims) AS "messageClaims", coalesce(d.attempts, b.attempts) AS attempts, d.due_at AS "sendDueAt",
    d.claimed_at AS "sendClaimedAt", r.created_at AS "createdAt", r.expires_at AS "expiresAt", r.resolved_at AS "resolvedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id
    LEFT JOIN message_bodies b ON b.seq = r.message_seq LEFT JOIN deliveries d ON d.seq = b.seq`

/** A registration as whoever acts on it names it. */
export interface OwnedRegistration {
  partnerId: string
  id: string
}

const nameOf = ({ partnerId, id }: OwnedRegistration): OwnedRegistration => ({ partnerId, id })

const SELECT_OWNED: Sql = d => `
  ${SELECT_REGISTRATIONS} WHERE (r.id, r.partner_id) IN (
    SELECT owned.id, owned.partner_id FROM ${d.rows('owned', { id: 'text', partnerId: 'text' })})`

/** Those of these that there are, by their ids. */
export const selectOwned = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
): Promise<Map<string, SelectedRegistration>> => {
  const rows = await tx.all<SelectedRegistration>(SELECT_OWNED, { owned: owned.map(nameOf) })
  return new Map(rows.map(row => [row.id, row]))
}

const SELECT_THESE: Sql = d => `${SELECT_REGISTRATIONS} WHERE r.id IN ${d.list('ids', 'text')} ORDER BY r.id DESC`

/** The newest first. */
export const registrationsOf = async (opening: Opening, tx: Tx, ids: readonly string[]): Promise<Registration[]> => {
  const rows = await tx.all<SelectedRegistration>(SELECT_THESE, { ids })
  return rows.map(row => toRegistration(opening, row))
}

const LOCK_VERIFICATIONS: Sql = d => `
  SELECT id FROM verifications WHERE id IN (
    SELECT r.verification_id FROM registrations r WHERE (r.id, r.partner_id) IN (
      SELECT owned.id, owned.partner_id FROM ${d.rows('owned', { id: 'text', partnerId: 'text' })}))
  ORDER BY id ${d.forUpdate()}`

/** Locks the verifications of these registrations: whoever changes a registration has its verification locked. */
export const lockVerificationsOf = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<void> => {
  await tx.all(LOCK_VERIFICATIONS, { owned: owned.map(nameOf) })
}
