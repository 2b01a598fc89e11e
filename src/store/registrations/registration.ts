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
  /** The service answers its serial itself. */
  isTest: boolean
  idcardid: string
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  status: RegistrationStatus
  reason: Reason | null
  /** Null: there is none, or it cannot be decrypted. */
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
  /** Its webhook was waiting to be sent. */
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

/** A registration as it is stored, with what its verification and its message add to it. */
export interface RegistrationRow
  extends Pick<Row<'registrations'>, (typeof OWN)[number]>,
    Pick<Row<'verifications'>, (typeof OF_VERIFICATION)[number]> {
  /** Null, and all that follows: it has no message. */
  messageState: MessageState | null
  messageClaims: number | null
  attempts: number | null
  sendDueAt: number | null
  sendClaimedAt: number | null
}

/**
 * Behind it: of `registrations r`, `verifications v`, `message_bodies b`, `deliveries d`. The last two are what the view `messages` joins,
 * which SQLite would make as a whole for a LEFT JOIN.
 */
export const SELECT_REGISTRATIONS = `
  SELECT ${columnsOf('registrations', OWN, 'r')}, ${columnsOf('verifications', OF_VERIFICATION, 'v')},
    CASE WHEN b.seq IS NOT NULL THEN coalesce(d.state, 'delivered') END AS "messageState",
    coalesce(d.claims, b.claims) AS "messageClaims", coalesce(d.attempts, b.attempts) AS attempts,
    CASE WHEN d.claimed_at IS NULL THEN d.due_at ELSE d.leased_until END AS "sendDueAt", d.claimed_at AS "sendClaimedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id
    LEFT JOIN message_bodies b ON b.seq = r.message_seq LEFT JOIN deliveries d ON d.seq = b.seq`

/** As much of a registration as its partner sees. */
export type ShownRow = Omit<
  RegistrationRow,
  'n' | 'verificationId' | 'messageSeq' | 'messageClaims' | 'queue' | 'claims' | Sealed
>
type Sealed = 'metadata' | 'verdict'

/** What is of every new one. */
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

/** @param opened the verdict of its serial, which it may not show */
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
  // While claimed, the due time is the end of the lease, which tells a partner nothing: it is being asked now.
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

/** Empty where they do not open: whoever asks for a registration, or its verdict, had rather have it without them than not at all. */
export const openMetadata = (
  { sealed, openOr }: Opening,
  row: { id: string; partnerId: string; metadata: Buffer },
): Registration['metadata'] =>
  openOr({ table: 'registrations', id: row.id }, { open: () => sealed.metadata.open(row), instead: {} })

/** Null: the serial has none. */
export const openVerdict = (
  { sealed, openOr }: Opening,
  verificationId: number,
  row: { partnerId: string; idcardid: string; verdict: Buffer | null },
): Verdict | 'unreadable' | null =>
  openOr(
    { table: 'verifications', id: String(verificationId) },
    { open: () => sealed.verdict.open(row), instead: 'unreadable' as const },
  )

/** What cannot be decrypted is left out of it: a registration is shown all the same. */
export const toRegistration = (opening: Opening, row: RegistrationRow): Registration => {
  const verdict = showsVerdict(row.status) ? openVerdict(opening, row.verificationId, row) : null
  return registrationOf(row, {
    metadata: openMetadata(opening, row),
    verdict: verdict === 'unreadable' ? null : verdict,
  })
}

/** A registration as whoever acts on it names it. */
export interface OwnedRegistration {
  partnerId: string
  id: string
}

const nameOf = ({ partnerId, id }: OwnedRegistration): OwnedRegistration => ({ partnerId, id })

const OWNED = (d: Dialect): string => `
  (r.id, r.partner_id) IN (SELECT owned.id, owned.partner_id FROM ${d.rows('owned', { id: 'text', partnerId: 'text' })})`
const SELECT_OWNED: Sql = d => `${SELECT_REGISTRATIONS} WHERE ${OWNED(d)}`

/** Those of these that there are, by their ids. */
export const selectOwned = async (
  tx: Tx,
  owned: readonly OwnedRegistration[],
): Promise<Map<string, RegistrationRow>> => {
  const rows = await tx.all<RegistrationRow>(SELECT_OWNED, { owned: owned.map(nameOf) })
  return new Map(rows.map(row => [row.id, row]))
}

const LOCK_VERIFICATIONS: Sql = d => `
  SELECT id FROM verifications WHERE id IN (SELECT r.verification_id FROM registrations r WHERE ${OWNED(d)})
  ORDER BY id ${d.forUpdate()}`

/** Locks the verifications of these registrations: whoever changes a registration has its verification locked. */
export const lockVerificationsOf = async (tx: Tx, owned: readonly OwnedRegistration[]): Promise<void> => {
  await tx.all(LOCK_VERIFICATIONS, { owned: owned.map(nameOf) })
}
