import type { Verdict } from '../../core/answer.ts'
import { type MessageState, messageIdOf } from '../../core/message.ts'
import { deliveryWithoutMessage, type RegistrationStatus, showsVerdict } from '../../core/registration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import type { Reason } from '../../core/verification.ts'
import type { Opening } from '../sealed.ts'
import { columnsOf, type Dialect, type Row, type Sql, type Tx } from '../tx.ts'

export interface Registration {
  id: string
  partnerId: string
  /** Serial of the sandbox: the service answers it itself. */
  isTest: boolean
  idcardid: string
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  status: RegistrationStatus
  reason: Reason | null
  /** Null: none, not shown in this status, or not decryptable. */
  verdict: Verdict | null
  polls: number
  lastPolledAt: number | null
  nextPollAt: number | null
  delivery: { messageId: string | null; state: MessageState; attempts: number; nextAttemptAt: number | null }
  createdAt: number
  expiresAt: number
  resolvedAt: number | null
}

export interface Cancellation {
  registration: Registration
  /** It was not cancelled before. */
  isNew: boolean
  /** Its message was pending. */
  stopsMessage: boolean
}

const OWN = [
  'id',
  'partnerId',
  'verificationId',
  'n',
  'callbackUrl',
  'metadata',
  'status',
  'reason',
  'messageSeq',
  'createdAt',
  'expiresAt',
  'resolvedAt',
] as const
const OF_VERIFICATION = [
  'accountId',
  'idcardid',
  'verdict',
  'polls',
  'lastPolledAt',
  'queue',
  'dueAt',
  'claimedAt',
  'claims',
] as const

/** A stored registration, joined with its verification and message. */
export interface RegistrationRow
  extends Pick<Row<'registrations'>, (typeof OWN)[number]>,
    Pick<Row<'verifications'>, (typeof OF_VERIFICATION)[number]> {
  /** Null, like the fields below: no message. */
  messageState: MessageState | null
  messageClaims: number | null
  attempts: number | null
  sendDueAt: number | null
  sendClaimedAt: number | null
}

/**
 * To be followed by conditions on `registrations r`, `verifications v`, `message_bodies b` and `deliveries d`.
 * It joins the last two itself: for a LEFT JOIN of the view `messages` SQLite would materialize the view.
 */
export const SELECT_REGISTRATIONS = `
  SELECT ${columnsOf('registrations', OWN, 'r')}, ${columnsOf('verifications', OF_VERIFICATION, 'v')},
    CASE WHEN b.seq IS NOT NULL THEN coalesce(d.state, 'delivered') END AS "messageState",
    coalesce(d.claims, b.claims) AS "messageClaims", coalesce(d.attempts, b.attempts) AS attempts,
    CASE WHEN d.claimed_at IS NULL THEN d.due_at ELSE d.leased_until END AS "sendDueAt", d.claimed_at AS "sendClaimedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id
    LEFT JOIN message_bodies b ON b.seq = r.message_seq LEFT JOIN deliveries d ON d.seq = b.seq`

/** The columns of a registration that its partner sees. */
export type ShownRow = Omit<
  RegistrationRow,
  'n' | 'verificationId' | 'messageSeq' | 'messageClaims' | 'queue' | 'claims' | Sealed
>
type Sealed = 'metadata' | 'verdict'

/** Initial values of a registration. */
export const NEW_REGISTRATION = {
  status: 'pending',
  reason: null,
  polls: 0,
  lastPolledAt: null,
  dueAt: null,
  claimedAt: null,
  messageState: null,
  attempts: null,
  sendDueAt: null,
  sendClaimedAt: null,
  resolvedAt: null,
} as const

/** @param opened its metadata, and the verdict of its serial, shown only if the status allows it */
export const registrationOf = (row: ShownRow, opened: Pick<Registration, Sealed>): Registration => ({
  id: row.id,
  partnerId: row.partnerId,
  isTest: row.accountId === TEST_ACCOUNT_ID,
  idcardid: row.idcardid,
  callbackUrl: row.callbackUrl,
  metadata: opened.metadata,
  status: row.status,
  reason: row.reason,
  verdict: showsVerdict(row.status) ? opened.verdict : null,
  polls: row.polls,
  lastPolledAt: row.lastPolledAt,
  // While claimed, the due time is the end of the lease; the poll is under way since `claimedAt`.
  nextPollAt: row.status === 'pending' ? (row.claimedAt ?? row.dueAt) : null,
  delivery: {
    messageId: row.messageState && messageIdOf(row.id),
    state: row.messageState ?? deliveryWithoutMessage(row.status),
    attempts: row.attempts ?? 0,
    nextAttemptAt: row.sendClaimedAt ?? row.sendDueAt,
  },
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  resolvedAt: row.resolvedAt,
})

/** Returns {} if they cannot be decrypted: a registration without metadata is better than an error. */
export const openMetadata = (
  { sealed, openOrElse }: Opening,
  row: { id: string; partnerId: string; metadata: Buffer },
): Registration['metadata'] =>
  openOrElse({ table: 'registrations', id: row.id }, { open: () => sealed.metadata.open(row), instead: {} })

/** Returns null if the serial has no verdict, `unreadable` if it cannot be decrypted. */
export const openVerdict = (
  { sealed, openOrElse }: Opening,
  verificationId: number,
  row: { partnerId: string; idcardid: string; verdict: Buffer | null },
): Verdict | 'unreadable' | null =>
  openOrElse(
    { table: 'verifications', id: String(verificationId) },
    { open: () => sealed.verdict.open(row), instead: 'unreadable' as const },
  )

/** Leaves out values that cannot be decrypted, rather than fail. */
export const toRegistration = (opening: Opening, row: RegistrationRow): Registration => {
  const verdict = showsVerdict(row.status) ? openVerdict(opening, row.verificationId, row) : null
  return registrationOf(row, {
    metadata: openMetadata(opening, row),
    verdict: verdict === 'unreadable' ? null : verdict,
  })
}

/** Names a registration of a partner. */
export interface OwnedRegistration {
  partnerId: string
  id: string
}

const registrationKeyOf = ({ partnerId, id }: OwnedRegistration): OwnedRegistration => ({ partnerId, id })

const OWNED = (d: Dialect): string => `
  (r.id, r.partner_id) IN (SELECT owned.id, owned.partner_id FROM ${d.rows('owned', { id: 'text', partnerId: 'text' })})`
const SELECT_OWNED: Sql = d => `${SELECT_REGISTRATIONS} WHERE ${OWNED(d)}`

/** Returns the existing ones of these registrations, by id. */
export const selectOwned = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
): Promise<Map<string, RegistrationRow>> => {
  const rows = await tx.all<RegistrationRow>(SELECT_OWNED, { owned: owned.map(registrationKeyOf) })
  return new Map(rows.map(row => [row.id, row]))
}

const LOCK_VERIFICATIONS: Sql = d => `
  SELECT id FROM verifications WHERE id IN (SELECT r.verification_id FROM registrations r WHERE ${OWNED(d)})
  ORDER BY id ${d.forUpdate()}`

/** Locks the verifications of these registrations. Every change of a registration holds this lock. */
export const lockVerificationsOf = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<void> => {
  await tx.all(LOCK_VERIFICATIONS, { owned: owned.map(registrationKeyOf) })
}
