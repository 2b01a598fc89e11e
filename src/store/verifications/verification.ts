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

/**
 * Identified by id and serial: after a fail-over that lost commits, an id may belong to another serial. The settled row
 * then counts as gone.
 */
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
  /**
   * Set if the answer's verdict is the one stored. `previousPollAt`: the last earlier poll that found the check open,
   * or null.
   */
  verdict: { previousPollAt: number | null } | null
  /** `reason` is null if it ended with the verdict. */
  ended: readonly { registrationId: string; partnerId: string; createdAt: number; reason: Reason | null }[]
}
