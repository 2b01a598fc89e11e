import type { Explanation } from '../../store/store.ts'
import { jsonTime, jsonTimeOrNull } from '../json/json-time.ts'
import type { ExplanationAnswer } from '../openapi/answers.ts'
import { explainSentence, type Telling } from './explain-sentence.ts'
import { viewAttempt } from './registration-view.ts'

/** Why there is no webhook yet: the facts, and one sentence in the reader's language. */
export const viewExplanation = (explanation: Explanation, { language, now }: Telling): ExplanationAnswer => {
  const { registration, account, lastAttempt } = explanation
  const { delivery } = registration
  return {
    registrationId: registration.id,
    status: registration.status,
    reason: registration.reason,
    language,
    sentence: explainSentence(explanation, { language, now }),
    at: jsonTime(now),
    polling: {
      lastAnswer: explanation.lastAnswer,
      code: explanation.lastCode,
      status: explanation.rawStatus,
      polls: registration.polls,
      lastPolledAt: jsonTimeOrNull(registration.lastPolledAt),
      nextPollAt: jsonTimeOrNull(registration.nextPollAt),
    },
    account: {
      paused: account.pausedAt !== null,
      reason: account.pauseReason,
      code: account.pauseCode,
      since: jsonTimeOrNull(account.pausedAt),
    },
    delivery: {
      type: explanation.messageType,
      messageId: delivery.messageId,
      state: delivery.state,
      attempts: delivery.attempts,
      lastAttempt: lastAttempt && viewAttempt(lastAttempt),
      nextAttemptAt: jsonTimeOrNull(delivery.nextAttemptAt),
      heldSince: jsonTimeOrNull(explanation.heldSince),
    },
  }
}
