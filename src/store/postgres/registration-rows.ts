import type { SelectedRegistration } from '../registration-rows.ts'
import type { Tx } from './connection.ts'
import { sealedOrTextFrom } from './drizzle.ts'

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
