import type { MessageEnd, MessageStep } from '../../core/message.ts'
import type { Secret } from '../../core/secret.ts'

/** How an attempt ended, as its partner is told. */
export const ATTEMPT_KINDS = ['delivered', 'rejected', 'gone', 'failed'] as const
export type AttemptKind = (typeof ATTEMPT_KINDS)[number]

export interface Attempt {
  at: number
  outcome: AttemptKind
  httpStatus: number | null
  error: string | null
  durationMs: number
  responseExcerpt: string | null
}

export interface MessageClaimRequest {
  /** All slots of the node, which `sharesOf` shares out, and how many are free. */
  concurrency: number
  slots: number
  perHost: number
  /** By host: how many more than `perHost`. They wait with the caller. */
  prefetch: ReadonlyMap<string, number>
  /** Attempts in flight on this node, and messages that wait here for a place at their host. */
  busyHosts: ReadonlyMap<string, number>
  /** Attempts in flight on this node. */
  busyPartners: ReadonlyMap<string, number>
  /** Of `busyHosts` those of slow lanes, by lane, and those of unproven ones, by partner. */
  busySlow: ReadonlyMap<number, number>
  busyUnproven: ReadonlyMap<string, number>
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
  /** As it is sent, in UTF-8. */
  body: string
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
