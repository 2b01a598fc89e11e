import type { AttemptOrigin, MessageEnd, MessageStep } from '../../core/message.ts'
import type { Secret } from '../../core/secret.ts'

/** How an attempt ended, as shown to its partner. */
export const ATTEMPT_KINDS = ['delivered', 'rejected', 'gone', 'failed'] as const
export type AttemptKind = (typeof ATTEMPT_KINDS)[number]

export interface Attempt {
  at: number
  outcome: AttemptKind
  httpStatus: number | null
  error: string | null
  durationMs: number
  responseExcerpt: string | null
  /** Null: a test, or recorded by an earlier version. */
  origin: AttemptOrigin | null
}

export interface MessageClaimRequest {
  /** All slots of the node, which `sharesOf` divides; `slots` of them are free. */
  concurrency: number
  slots: number
  perHost: number
  /** Number of messages per host that may be claimed beyond `perHost`. They wait with the caller. */
  prefetch: ReadonlyMap<string, number>
  /** Attempts in flight on this node, plus messages that wait here for a slot of their host. */
  busyHosts: ReadonlyMap<string, number>
  /** Attempts in flight on this node. */
  busyPartners: ReadonlyMap<string, number>
  /** The part of `busyHosts` in slow lanes, by lane, and in unproven lanes, by partner. */
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
  /** As sent, in UTF-8. */
  body: string
  /** Number of earlier attempts, including those still in flight. */
  attempts: number
  retries: number
  /** The trace context of its registration. */
  traceparent: string | null
  createdAt: number
  /** When it was due before the claim. */
  dueAt: number
}

/** Any response shows that a host lets attempts end; holding a slot for long without one, that it may not. */
export type HostSignal = 'answers' | 'hangs'

export interface MessageSettlement {
  message: Pick<ClaimedMessage, 'seq' | 'claim' | 'registrationId' | 'partnerId' | 'callbackUrl' | 'laneId'>
  step: MessageStep
  /** Null: nothing was sent. The claim is released, and the message is due as `step` says. */
  attempt: Attempt | null
  /** The attempt's signal about its host; null if no connection was made, or it broke soon. */
  hostSignal: HostSignal | null
}

/** How an attempt ended its message; null if it did not. */
export type MessageOutcome = Exclude<MessageEnd, 'cancelled'> | null
