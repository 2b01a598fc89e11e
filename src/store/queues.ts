import type { AccountChange, AccountState } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import type { MessageEnd, MessageStep } from '../core/message.ts'
import type { Secret } from '../core/secret.ts'
import type { Reason, VerificationState, VerificationStep } from '../core/verification.ts'
import type { Attempt } from './registration.ts'

export interface VerificationClaimRequest {
  /** Calls in flight on this node, by account. */
  busy: ReadonlyMap<string, number>
  /** Calls in flight that an account may have. */
  concurrency: number
  leaseMs: number
}

/** No serial and no webhook is ever due later than that from now on. */
export interface LongestPauses {
  pollMs: number
  retryMs: number
}

export interface ClaimedVerifications {
  claims: { account: ClaimedAccount; verifications: readonly ClaimedVerification[] }[]
  /** When there may be more to claim, if nothing else happens; null: nothing is waiting. */
  nextAt: number | null
}

export interface ClaimedAccount extends AccountState {
  id: string
  apiId: string
  apiKey: Secret
  passwordMode: 'dynamic' | 'static'
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

/** A claim whose call was broken off: when it was due before the claim. */
export interface VerificationRelease extends Pick<ClaimedVerification, 'id' | 'claim' | 'dueAt'> {
  /** The account whose canary it was, which may go again at once; null: it was none. */
  canaryOf: string | null
}

export interface MessageClaimRequest {
  /** Free slots, and how many of them slow and unproven lanes may have together. */
  slots: number
  sharedSlots: number
  perHost: number
  /** By host: how many more than `perHost`. They wait with the caller. */
  prefetch: ReadonlyMap<string, number>
  perPartner: number
  /** Attempts in flight on this node, and messages that wait here for a place at their host. */
  busyHosts: ReadonlyMap<string, number>
  /** Attempts in flight on this node. */
  busyPartners: ReadonlyMap<string, number>
  /** What slow lanes may have, and how much of it before all others; by lane, what is in flight or waits here. */
  slow: { slots: number; first: number; busyLanes: ReadonlyMap<number, number> }
  /**
   * What lanes that are not proven may have: no attempt has been answered yet, or the last one ran into the time limit. So
   * hosts that hang leave room to all others. Beyond the first attempt at each host a partner has `perPartner`. The last `first`
   * of the slots are for partners that have none of them in use, one each.
   */
  unproven: { slots: number; first: number; perPartner: number; busyPartners: ReadonlyMap<string, number> }
  leaseMs: number
}

export interface ClaimedMessages {
  messages: ClaimedMessage[]
  /** The live signing secrets of each partner in `messages`. */
  secrets: ReadonlyMap<string, readonly Secret[]>
  nextAt: number | null
}

export interface ClaimedMessage {
  seq: number
  claim: number
  partnerId: string
  registrationId: string
  laneId: number
  slow: boolean
  proven: boolean
  host: string
  callbackUrl: string
  /** The text as it is sent, UTF-8. */
  body: Buffer
  /** Those before this one, also where they are still under way. */
  attempts: number
  retries: number
  /** Its registration's. */
  traceparent: string | null
  createdAt: number
  /** When it was due before the claim. */
  dueAt: number
}

/** An answer, whatever it says, shows that a host lets attempts end; holding a slot for long without one, that it may not. */
export type HostSignal = 'answers' | 'hangs'

export interface MessageSettlement {
  message: Pick<ClaimedMessage, 'seq' | 'claim' | 'registrationId' | 'partnerId' | 'callbackUrl' | 'laneId'>
  step: MessageStep
  /** Null: nothing was sent; the claim is released and the message is due as `step` says. */
  attempt: Attempt | null
  /** The signal of the attempt about its host; null: none, because no connection was made, or it broke, and soon. */
  hostSignal: HostSignal | null
}

/** How an attempt has ended its message; null: it has not. */
export type MessageOutcome = Exclude<MessageEnd, 'cancelled'> | null
