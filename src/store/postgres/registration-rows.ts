import type { Verdict } from '../../core/answer.ts'
import type { MessageState } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import { type RegistrationRow, registrationOf } from '../rules/registration-view.ts'
import type { Registration } from '../store.ts'
import { sealedOrTextFrom } from './columns.ts'
import type { Tx } from './connection.ts'
import type { Context } from './context.ts'

/** A registration with what its verification and its message add to it. */
export interface SelectedRegistration {
  id: string
  partnerId: string
  verificationId: number
  n: number
  idcardid: string
  callbackUrl: string
  metadata: Buffer
  status: RegistrationStatus
  reason: Reason | null
  verdict: Buffer | null
  polls: number
  lastPolledAt: number | null
  pollQueue: number
  pollDueAt: number | null
  pollClaimedAt: number | null
  pollClaims: number
  messageSeq: number | null
  messageState: MessageState | null
  messageClaims: number | null
  attempts: number | null
  sendDueAt: number | null
  sendClaimedAt: number | null
  createdAt: number
  expiresAt: number
  resolvedAt: number | null
}

/** All of them: `registrations r`, `verifications v`, `messages m`. */
export const SELECT_REGISTRATIONS = `
  SELECT r.id, r.partner_id AS "partnerId", r.verification_id AS "verificationId", r.n, v.idcardid,
    r.callback_url AS "callbackUrl", r.metadata, r.status, r.reason, v.verdict, v.polls, v.last_polled_at AS "lastPolledAt",
    v.queue AS "pollQueue", v.due_at AS "pollDueAt", v.claimed_at AS "pollClaimedAt", v.claims AS "pollClaims",
    r.message_seq AS "messageSeq", m.state AS "messageState", m.claims AS "messageClaims", m.attempts, m.due_at AS "sendDueAt",
    m.claimed_at AS "sendClaimedAt", r.created_at AS "createdAt", r.expires_at AS "expiresAt", r.resolved_at AS "resolvedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id LEFT JOIN messages m ON m.seq = r.message_seq`

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
  const rows = await tx.rows<SelectedRegistration>(
    `${SELECT_REGISTRATIONS} WHERE (r.id, r.partner_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [owned.map(({ id }) => id), owned.map(({ partnerId }) => partnerId)],
  )
  return new Map(rows.map(row => [row.id, row]))
}

type Opening = Pick<Context, 'sealed' | 'openOr'>

/** What cannot be decrypted is left out of it: a registration is shown all the same. */
export const toRow = ({ sealed, openOr }: Opening, row: SelectedRegistration): RegistrationRow => {
  const { messageState, attempts, sendDueAt, sendClaimedAt } = row
  const metadata = sealedOrTextFrom(row.metadata)
  return {
    ...row,
    metadata: openOr(
      { table: 'registrations', id: row.id },
      { open: () => sealed.metadata.open({ ...row, metadata }), instead: {} },
    ),
    message:
      messageState === null
        ? null
        : { state: messageState, attempts: attempts ?? 0, dueAt: sendDueAt, claimedAt: sendClaimedAt },
  }
}

export const toRegistration = (context: Opening, row: SelectedRegistration): Registration => {
  const { sealed, openOr } = context
  const verification = { table: 'verifications', id: String(row.verificationId) } as const
  const open = (): Verdict | null => openOr(verification, { open: () => sealed.verdict.open(row), instead: null })
  return registrationOf(toRow(context, row), open)
}
