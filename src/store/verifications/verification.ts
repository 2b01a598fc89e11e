import type { AccountChange } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import type { Reason, VerificationState, VerificationStep } from '../../core/verification.ts'
import type { ClaimedAccount } from '../accounts/rows.ts'

export interface VerificationClaimRequest {
  /** Polls in flight on this node, by account. */
  busy: ReadonlyMap<string, number>
  /** Maximum number of polls in flight on this node, per account. */
  concurrency: number
  leaseMs: number
}

export interface ClaimedVerifications {
  claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[]
  /** When the next claim may return more, unless a hint comes earlier; null: not before a hint. */
  nextAt: number | null
}

export interface ClaimedVerification extends VerificationState {
  id: number
  /** The fencing token. */
  claim: number
  partnerId: string
  idcardid: string
  /** When it was due before the claim. */
  dueAt: number
  polls: number
  /** Trace contexts of the waiting registrations that have one. */
  traceparents: readonly string[]
}

/** The serial identifies the row too: after a fail-over that lost commits, an id may be another serial's. */
export interface VerificationSettlement extends Pick<ClaimedVerification, 'id' | 'claim' | 'idcardid'> {
  answer: Answer
  /** When the poll was sent, and when its answer arrived. */
  askedAt: number
  observedAt: number
  step: VerificationStep
  account: { id: string; change: AccountChange | null }
}

/** Registrations that an answer ended. Times are epoch ms. */
export interface VerificationOutcome {
  /** Null if the answer brought no verdict. `previousPollAt`: the last earlier poll that found the check open. */
  verdict: { previousPollAt: number | null } | null
  /** `reason` is null if it ended with the verdict. */
  ended: readonly { registrationId: string; partnerId: string; createdAt: number; reason: Reason | null }[]
}
