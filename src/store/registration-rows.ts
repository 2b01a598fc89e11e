import type { Verdict } from '../core/answer.ts'
import type { MessageState } from '../core/message.ts'
import type { CancelFacts } from './rules/cancel.ts'
import { type RegistrationRow, registrationOf } from './rules/registration-view.ts'
import type { Opening } from './sealed.ts'
import type { Registration, ResendOutcome } from './store.ts'

/** A registration as it is stored, with what its verification and its message add to it. */
export interface SelectedRegistration extends Omit<RegistrationRow, 'metadata' | 'message'> {
  verificationId: number
  n: number
  metadata: Buffer | string
  verdict: Buffer | null
  pollQueue: number
  pollClaims: number
  /** Null, and all that follows: it has no message. */
  messageSeq: number | null
  messageState: MessageState | null
  messageClaims: number | null
  attempts: number | null
  sendDueAt: number | null
  sendClaimedAt: number | null
}

interface SealedMetadata {
  id: string
  partnerId: string
  metadata: Buffer | string
}

/** Empty where they do not open: whoever asks for a registration, or its verdict, had rather have it without them than not at all. */
export const openMetadata = ({ sealed, openOr }: Opening, row: SealedMetadata): Readonly<Record<string, string>> =>
  openOr({ table: 'registrations', id: row.id }, { open: () => sealed.metadata.open(row), instead: {} })

interface SealedVerdict {
  partnerId: string
  idcardid: string
  verdict: Buffer | null
}

/** Null: the serial has none. */
export const openVerdict = (
  { sealed, openOr }: Opening,
  verificationId: number,
  row: SealedVerdict,
): Verdict | 'unreadable' | null =>
  openOr(
    { table: 'verifications', id: String(verificationId) },
    { open: () => sealed.verdict.open(row), instead: 'unreadable' as const },
  )

/** What cannot be decrypted is left out of it: a registration is shown all the same. */
export const toRow = (opening: Opening, row: SelectedRegistration): RegistrationRow => {
  const { messageState: state, attempts, sendDueAt: dueAt, sendClaimedAt: claimedAt } = row
  return {
    ...row,
    metadata: openMetadata(opening, row),
    message: state === null ? null : { state, attempts: attempts ?? 0, dueAt, claimedAt },
  }
}

export const toRegistration = (opening: Opening, row: SelectedRegistration): Registration =>
  registrationOf(toRow(opening, row), () => {
    const verdict = openVerdict(opening, row.verificationId, row)
    return verdict === 'unreadable' ? null : verdict
  })

/** @param others what is known of the other registrations of its serial */
export const cancelFactsOf = (row: SelectedRegistration, others: CancelFacts['others']): CancelFacts => ({
  status: row.status,
  resolvedAt: row.resolvedAt,
  message: row.messageState === null ? null : { state: row.messageState, claims: row.messageClaims ?? 0 },
  verification: { claims: row.pollClaims, isResolved: row.verdict !== null },
  others,
})

export const resendOutcomeOf = ({ status, messageSeq }: SelectedRegistration): ResendOutcome => {
  if (status === 'cancelled') return 'cancelled'
  return messageSeq === null ? 'no_message' : 'resent'
}

interface SealedBody {
  partnerId: string
  registrationId: string
  /** Empty: it is erased. */
  body: Buffer
}

/** The text of a webhook; null: it cannot be decrypted. */
export const openBody = ({ sealed, openOr }: Opening, message: SealedBody): string | null =>
  openOr({ table: 'messages', id: message.registrationId }, { open: () => sealed.message.open(message), instead: null })
