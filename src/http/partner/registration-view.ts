import type { Attempt, Registration } from '../../store/store.ts'
import { jsonTime, jsonTimeOrNull } from '../json/json-time.ts'
import type { AttemptAnswer, RegistrationAnswer } from '../openapi/answers.ts'

/** A registration as its partner sees it. */
export const viewRegistration = (registration: Registration): RegistrationAnswer => ({
  id: registration.id,
  idcardid: registration.idcardid,
  callbackUrl: registration.callbackUrl,
  metadata: registration.metadata,
  status: registration.status,
  reason: registration.reason,
  result: registration.verdict && {
    status: registration.verdict.status,
    message: registration.verdict.message,
    livingScore: registration.verdict.livingScore,
    similarity: registration.verdict.similarity,
  },
  polls: registration.polls,
  lastPolledAt: jsonTimeOrNull(registration.lastPolledAt),
  nextPollAt: jsonTimeOrNull(registration.nextPollAt),
  delivery: {
    messageId: registration.delivery.messageId,
    state: registration.delivery.state,
    attempts: registration.delivery.attempts,
    nextAttemptAt: jsonTimeOrNull(registration.delivery.nextAttemptAt),
  },
  createdAt: jsonTime(registration.createdAt),
  expiresAt: jsonTime(registration.expiresAt),
  resolvedAt: jsonTimeOrNull(registration.resolvedAt),
})

export const viewAttempt = (attempt: Attempt): AttemptAnswer => ({
  at: jsonTime(attempt.at),
  outcome: attempt.outcome,
  httpStatus: attempt.httpStatus,
  error: attempt.error,
  durationMs: attempt.durationMs,
  responseExcerpt: attempt.responseExcerpt,
})
