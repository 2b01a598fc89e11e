import type { AccountChange } from '../../core/account.ts'
import type { Answer } from '../../core/answer.ts'
import type { Reason, VerificationState, VerificationStep } from '../../core/verification.ts'
import type { ClaimedAccount } from '../accounts/rows.ts'

export interface VerificationClaimRequest {
  /** Calls in flight on this node, by account. */
  busy: ReadonlyMap<string, number>
  /** Calls in flight that an account may have. */
  concurrency: number
  leaseMs: number
}

export interface ClaimedVerifications {
  claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[]
  /** When there may be more to claim, if nothing else happens; null: nothing is waiting. */
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
  /** The traces of those that wait for it, as far as they have one. */
  traceparents: readonly string[]
}

/** Rows are named by what they are too: a fail-over that lost commits gives their numbers to others, whose rows count as gone. */
export interface VerificationSettlement extends Pick<ClaimedVerification, 'id' | 'claim' | 'idcardid'> {
  answer: Answer
  /** When the call was made and when its answer was there. */
  askedAt: number
  observedAt: number
  step: VerificationStep
  account: { id: string; change: AccountChange | null }
}

/** What an answer has ended. Times are epoch ms. */
export interface VerificationOutcome {
  /**
   * Its verdict is the one that counts. `previousPollAt`: the last poll before it that showed the check open, or null. Null:
   * it brought none.
   */
  verdict: { previousPollAt: number | null } | null
  /** `reason` is null where it ended with the verdict. */
  ended: readonly { registrationId: string; partnerId: string; createdAt: number; reason: Reason | null }[]
}
