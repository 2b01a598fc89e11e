import type { Verdict } from './answer.ts'
import { MINUTE, SECOND } from './duration.ts'
import { retryDelay, withJitter } from './retry-schedule.ts'
import type { Reason } from './verification.ts'

export const MESSAGE_STATES = ['pending', 'delivered', 'exhausted'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** States that lists tell apart: a held message is pending, and has no due time. */
export const LISTED_STATES = [...MESSAGE_STATES, 'held'] as const
export type ListedState = (typeof LISTED_STATES)[number]

/** How a message ends. After a resend it ends once more. */
export const MESSAGE_ENDS = ['delivered', 'exhausted', 'cancelled', 'gone'] as const
export type MessageEnd = (typeof MESSAGE_ENDS)[number]

export const MESSAGE_TYPES = ['idface.succeeded', 'idface.failed', 'idface.unresolved', 'idface.test'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** The content of a webhook. Times are epoch ms. */
export interface WebhookContent {
  type: MessageType
  timestamp: number
  registrationId: string
  idcardid: string
  /** The verdict, or without one the last raw status of GetResult. */
  status: string | null
  reason: Reason | null
  verdict: Verdict | null
  /** Leaves out the scores and the message, which the partner fetches itself. */
  thin: boolean
  /** The serial was a test serial, and nobody was checked. */
  sandbox: boolean
  metadata: Readonly<Record<string, string>>
  observedAt: number
  previousPollAt: number | null
}

/** The text of a webhook. It is written once and stored; every attempt sends and signs exactly these bytes. */
export const webhookBody = (content: WebhookContent): string =>
  JSON.stringify({
    type: content.type,
    timestamp: new Date(content.timestamp).toISOString(),
    data: {
      registrationId: content.registrationId,
      idcardid: content.idcardid,
      status: content.status,
      reason: content.reason,
      ...(content.thin ? {} : personalPart(content.verdict)),
      metadata: content.metadata,
      observedAt: new Date(content.observedAt).toISOString(),
      previousPollAt: content.previousPollAt === null ? null : new Date(content.previousPollAt).toISOString(),
      ...(content.sandbox ? { sandbox: true } : {}),
    },
  })

const personalPart = (verdict: Verdict | null) => ({
  message: verdict?.message ?? null,
  livingScore: verdict?.livingScore ?? null,
  similarity: verdict?.similarity ?? null,
})

/** A registration has one message, whose id derives from the registration's: it stays the same even after a restore. */
export const messageIdOf = (registrationId: string): string => `msg_${registrationId.slice('reg_'.length)}`

export const ATTEMPT_ORIGINS = ['first', 'retry', 'resend'] as const
/** Cause of an attempt: the message itself, the schedule after a failure, or a resend. */
export type AttemptOrigin = (typeof ATTEMPT_ORIGINS)[number]

export const attemptOriginOf = ({ attempts, retries }: { attempts: number; retries: number }): AttemptOrigin => {
  if (retries > 0) return 'retry'
  return attempts === 0 ? 'first' : 'resend'
}

/** Whether it was resent, so that its schedule has begun anew. */
export const isResent = ({ attempts, retries }: { attempts: number; retries: number }): boolean => attempts > retries

/** Errors of attempts without a response, as shown to partners: `no_response` hides all that reveal our network. */
export const COMMON_ERRORS = [
  'no_response',
  'tls',
  'certificate_expired',
  'certificate_wrong_name',
  'certificate_untrusted',
  'not_tls',
  'invalid_response',
] as const
/** Shown only for the operator's own networks. */
export const NETWORK_ERRORS = ['refused', 'unreachable', 'connect_timeout', 'timeout', 'reset'] as const
export const ATTEMPT_ERRORS = [...COMMON_ERRORS, ...NETWORK_ERRORS] as const
export type AttemptError = (typeof ATTEMPT_ERRORS)[number]

/** Returns the part of a stored error that a partner may see: errors are stored as `SHOWN CODE`. */
export const publicErrorOf = (error: string): string => error.split(' ', 1).join()
export const withPublicError = <A extends { error: string | null }>(attempt: A): A => ({
  ...attempt,
  error: attempt.error && publicErrorOf(attempt.error),
})

/** Result of an attempt, as far as the schedule needs it; `httpStatus` is null without a response. */
export interface AttemptOutcome {
  httpStatus: number | null
  retryAfterMs: number | null
}

export interface MessageStep {
  state: MessageState
  /** When to send again; null unless pending. */
  dueAt: number | null
  retries: number
  /** The receiver responded 410: all other messages for this URL are held. */
  gone: boolean
}

/**
 * Returns the columns that a resend changes: the message is due at once, in any state, with a new schedule and the same
 * id. An attempt in flight keeps its number, so the next one gets another.
 */
export const resent = (
  { claims, claimedAt, unrecorded }: { claims: number; claimedAt: number | null; unrecorded: number },
  at: number,
) => ({
  state: 'pending' as const,
  dueAt: at,
  claimedAt: null,
  retries: 0,
  claims: claims + 1,
  /** Claims below this number decide nothing any more. */
  fence: claims + 1,
  unrecorded: claimedAt === null ? unrecorded : unrecorded + 1,
})

export interface AttemptMoment {
  now: number
  /** In [0, 1). */
  random: number
  scheduleMs: readonly number[]
}

/** Returns a message's next step after an attempt; `retries` counts the retries since it was first sent or resent. */
export const afterAttempt = (
  { retries }: { retries: number },
  { httpStatus, retryAfterMs }: AttemptOutcome,
  { now, random, scheduleMs }: AttemptMoment,
): MessageStep => {
  if (httpStatus !== null && httpStatus >= 200 && httpStatus < 300)
    return { state: 'delivered', dueAt: null, retries, gone: false }
  if (httpStatus === 410) return { state: 'exhausted', dueAt: null, retries, gone: true }
  const mayAskForTime = httpStatus === 429 || httpStatus === 503
  const delay = retryDelay({ schedule: scheduleMs, retries, retryAfterMs: mayAskForTime ? retryAfterMs : null, random })
  return delay === null
    ? { state: 'exhausted', dueAt: null, retries, gone: false }
    : { state: 'pending', dueAt: Math.ceil(now + delay), retries: retries + 1, gone: false }
}

const MAX_OUR_FAILURE_MS = MINUTE

/**
 * Returns the delay, in ms, of a message that could not be sent because of a fault on our side, which uses up none of
 * its retries. It doubles with each claim without an attempt, up to a minute (±20 %).
 *
 * @param random in [0, 1)
 */
export const ourFailureDelay = ({ claim, attempts }: { claim: number; attempts: number }, random: number): number => {
  const failures = Math.max(0, claim - attempts - 1)
  return Math.ceil(withJitter(Math.min(MAX_OUR_FAILURE_MS, SECOND * 2 ** Math.min(failures, 10)), random))
}
