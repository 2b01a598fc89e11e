import { isProbed } from '../../core/account.ts'
import type { Verdict } from '../../core/answer.ts'
import { type MessageState, messageIdOf } from '../../core/message.ts'
import { deliveryWithoutMessage, type RegistrationStatus, showsVerdict } from '../../core/registration.ts'
import { TEST_ACCOUNT_ID } from '../../core/test-serial.ts'
import { type CallbackHealth, heldBecause } from '../callbacks/callback.ts'
import type { Explanation, Registration } from '../store.ts'

/** A registration with what its verification and its message add to it. Times are epoch ms. */
export interface RegistrationRow extends Omit<Registration, 'isTest' | 'verdict' | 'nextPollAt' | 'delivery'> {
  accountId: string
  pollDueAt: number | null
  pollClaimedAt: number | null
  /** Null: it has no message. */
  message: { state: MessageState; attempts: number; dueAt: number | null; claimedAt: number | null } | null
}

/** @param openVerdict opens the sealed verdict; called only where the registration shows it */
export const registrationOf = (row: RegistrationRow, openVerdict: () => Verdict | null): Registration => ({
  id: row.id,
  partnerId: row.partnerId,
  isTest: row.accountId === TEST_ACCOUNT_ID,
  idcardid: row.idcardid,
  callbackUrl: row.callbackUrl,
  metadata: row.metadata,
  status: row.status,
  reason: row.reason,
  verdict: showsVerdict(row.status) ? openVerdict() : null,
  polls: row.polls,
  lastPolledAt: row.lastPolledAt,
  // While claimed, the due time is the end of the lease, which tells a partner nothing: it is being asked now.
  nextPollAt: row.status === 'pending' ? (row.pollClaimedAt ?? row.pollDueAt) : null,
  delivery: {
    messageId: row.message === null ? null : messageIdOf(row.id),
    state: deliveryOf(row),
    attempts: row.message?.attempts ?? 0,
    nextAttemptAt: row.message?.claimedAt ?? row.message?.dueAt ?? null,
  },
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  resolvedAt: row.resolvedAt,
})

type Delivery = { status: RegistrationStatus; message: { state: MessageState } | null }

const deliveryOf = ({ status, message }: Delivery): MessageState => message?.state ?? deliveryWithoutMessage(status)

/** It is due. What is being asked is not, because then the due time is the end of the lease. */
export const isQueued = <Row extends { dueAt: number | null }>(
  verification: Row,
  now: number,
): verification is Row & { dueAt: number } => verification.dueAt !== null && verification.dueAt <= now

/** A message, and the claim of its last attempt that is recorded. Times are epoch ms. */
export interface SendingFacts {
  dueAt: number | null
  claimedAt: number | null
  claims: number
  /** The count of claims at the last resend. */
  fence: number
  attemptedClaim: number | null
}

/**
 * `under_way`: it is claimed, so an attempt is made now. `not_sent`: our own side could not send it, since its last claim brought no
 * attempt.
 */
export type Sending = 'under_way' | 'not_sent'

export const sendingNow = (
  { dueAt, claimedAt, claims, fence, attemptedClaim }: SendingFacts,
  at: number,
): Sending | null => {
  if (dueAt === null || dueAt <= at) return null
  if (claimedAt !== null) return 'under_way'
  return claims > Math.max(fence, attemptedClaim ?? 0) ? 'not_sent' : null
}

/** What an operator or a partner needs to see why there is no webhook yet. */
export interface ExplanationFacts
  extends Pick<
    Explanation,
    'lastAnswer' | 'lastCode' | 'rawStatus' | 'account' | 'queue' | 'lastAttempt' | 'messageType' | 'sending'
  > {
  /** Whether it is due now. */
  isDue: boolean
  /** When the account's next canary goes; null: none is planned. */
  probeAt: number | null
  /** What is known of its callback URL; null: it works. */
  callback: CallbackHealth | null
  /** One of the partner's live signing secrets can be decrypted. */
  canSign: boolean
  /** Since when no message is claimed. */
  deliveriesHeldAt: number | null
}

export const explanationOf = (
  registration: Registration,
  { callback, canSign, deliveriesHeldAt, rawStatus, messageType, isDue, probeAt, ...facts }: ExplanationFacts,
): Explanation => {
  // A cancelled registration says nothing any more of how it would have ended.
  const isErased = registration.status === 'cancelled'
  const waitsToBeSent = registration.delivery.messageId !== null && registration.delivery.state === 'pending'
  return {
    // Nothing is asked before the account's next canary.
    registration: isDue && isProbed(facts.account) ? { ...registration, nextPollAt: probeAt } : registration,
    ...facts,
    rawStatus: isErased ? null : rawStatus,
    messageType: isErased ? null : messageType,
    heldSince: waitsToBeSent ? (callback?.heldSince ?? null) : null,
    heldBecause: waitsToBeSent ? heldBecause(callback) : null,
    unsignable: waitsToBeSent && !canSign,
    allHeldSince: waitsToBeSent ? deliveriesHeldAt : null,
  }
}
