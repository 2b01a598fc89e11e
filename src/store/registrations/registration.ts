import type { Answer, Verdict } from '../../core/answer.ts'
import { type MessageState, type MessageType, messageIdOf } from '../../core/message.ts'
import type { RegistrationStatus } from '../../core/registration.ts'
import type { Reason } from '../../core/verification.ts'
import type { Emit } from '../../telemetry/emit.ts'
import type { Account } from '../accounts/account.ts'
import type { Quotas } from '../partners/quotas.ts'
import type { PollForecast } from '../verifications/forecast.ts'

export type { RegistrationStatus }

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

export interface NewRegistration {
  id: string
  partnerId: string
  accountId: string
  idcardid: string
  /** Normalised and judged. */
  callbackUrl: string
  metadata: Readonly<Record<string, string>>
  /** Null: `ttlMs` from now. */
  expiresAt: number | null
  ttlMs: number
  /** It came with others, which as a whole are less urgent than what comes by itself. */
  isBatch: boolean
  /** The trace that its request belongs to (`readTraceparent`); null: none. */
  traceparent: string | null
}

export type Registered =
  | { outcome: 'created' | 'existing'; registration: Registration }
  /** The serial belongs to another partner. */
  | { outcome: 'taken' }
  /** The serial has that many registrations already. */
  | { outcome: 'too_many'; limit: number }
  /** The partner has used up what it may have. */
  | { outcome: 'over_quota'; quota: keyof Quotas; limit: number }
  /** The verdict of the serial is there and cannot be decrypted. */
  | { outcome: 'unreadable' }

/** `no_message`: it has not ended yet. */
export type ResendOutcome = 'resent' | 'no_message' | 'cancelled'

export interface Cancellation {
  registration: Registration
  /** It was not cancelled before. */
  isNew: boolean
  /** Its webhook was waiting to be sent. */
  stopsMessage: boolean
}

/** Tells what a cancellation has ended. */
export const tellCancelled = (
  { registration, isNew, stopsMessage }: Cancellation,
  emit: Emit<'registration.ended' | 'message.cancelled'>,
  now: number,
): void => {
  const { id: registrationId, partnerId, createdAt } = registration
  const ageMs = Math.max(0, now - createdAt)
  if (isNew) emit('registration.ended', { registrationId, partnerId, end: 'cancelled', reason: null, ageMs })
  if (stopsMessage) emit('message.cancelled', { messageId: messageIdOf(registrationId), registrationId, partnerId })
}

/**
 * What must not be sent any more as it was claimed: a cancelled registration, or everything (null) of a partner that is disabled or has
 * ended a signing secret. What is due all the same is claimed anew.
 */
export interface Cancelled {
  partnerId: string
  registrationId: string | null
}

export interface RegistrationQuery {
  idcardid: string | null
  status: RegistrationStatus | null
  delivery: MessageState | null
  limit: number
  before: string | null
}

/** `next`: to go on before; null: there are no more. A page may hold fewer than `limit`, or nothing, and others may follow. */
export interface RegistrationPage {
  found: Registration[]
  next: string | null
}

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

/** Why messages are held: callbacks.ts. */
export type HeldBecause = 'gone' | 'disabled' | 'operator'

export interface Explanation {
  registration: Registration
  lastAnswer: Answer['kind'] | null
  lastCode: number | null
  rawStatus: string | null
  /** Why nothing may be asked. */
  account: Pick<Account, 'id' | 'pausedAt' | 'pauseReason' | 'pauseCode' | 'unreachableAt' | 'unreachableError'>
  /** Null: it is not in a queue, because it is not due, is being asked, or its account is not asked now. */
  queue: PollForecast | null
  lastAttempt: Attempt | null
  messageType: MessageType | null
  /** Since when the callback URL is held, because it answered 410 or is disabled. */
  heldSince: number | null
  heldBecause: HeldBecause | null
  /** The message waits, and none of its partner's signing secrets can be decrypted. */
  unsignable: boolean
  /**
   * `under_way`: the message is claimed, so an attempt is made now. `not_sent`: our own side could not send it, since its last claim
   * brought no attempt.
   */
  sending: 'under_way' | 'not_sent' | null
  /** The message waits, and since when nobody's is claimed. */
  allHeldSince: number | null
}

/**
 * A partner's events are numbered 1, 2, 3 … in the order of their commits. `at` is when the event was created: after a
 * restore the numbers are given anew, and the time tells which history a position belongs to.
 */
export interface EventPosition {
  n: number
  at: number
}

export interface EventQuery {
  /** Null: from the first event. */
  after: EventPosition | null
  limit: number
  /** Begins at the first event that was created then or later; unless given, at the first of all. */
  since?: number | undefined
  /** Only those whose delivery is in this state now; all unless given. */
  delivery?: MessageState | undefined
}

export interface StoredEvent {
  position: EventPosition
  registrationId: string
  type: MessageType
  createdAt: number
  delivery: MessageState
  body: string
}

export type EventPage =
  /** `end`: what to go on after, which may be behind the last event; null: after what was asked for, since nothing follows. `scanned`: how many were read. */
  | { outcome: 'page'; events: StoredEvent[]; end: EventPosition | null; scanned: number }
  /** The position is of a history that a restore has ended; null: begin at the first event. */
  | { outcome: 'lost'; beginAfter: EventPosition | null }
