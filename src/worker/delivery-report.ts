import { attemptOf } from '../callback/outcome.ts'
import type { SendResult } from '../callback/sender.ts'
import { attemptOriginOf, isResent, messageIdOf } from '../core/message.ts'
import type { AttemptKind, ClaimedMessage, MessageOutcome } from '../store/messages/message.ts'
import type { Emit } from '../telemetry/emit.ts'

type Ended = NonNullable<MessageOutcome>

const whyOf = (result: SendResult) =>
  result.kind === 'answered'
    ? { httpStatus: result.httpStatus, error: null, detail: null }
    : { httpStatus: null, error: result.error, detail: result.detail }

/** Emits attempts when they have ended, and ends of messages when they are recorded. */
export const createDeliveryReport = (emit: Emit<'delivery.attempted' | 'message.delivered' | 'message.exhausted'>) => ({
  /** @param sent.at when it was sent, or given up unsent */
  attempted: (
    message: ClaimedMessage,
    result: SendResult,
    { outcome, at }: { outcome: AttemptKind | 'not_sent'; at: number },
  ): void =>
    emit('delivery.attempted', {
      messageId: messageIdOf(message.registrationId),
      partnerId: message.partnerId,
      host: message.host,
      attempt: message.attempts + 1,
      origin: attemptOriginOf(message),
      outcome,
      ...whyOf(result),
      lagMs: Math.max(0, at - message.dueAt),
      durationMs: result.durationMs,
    }),

  /** @param ended.at when the attempt had ended */
  ended: (message: ClaimedMessage, result: SendResult, { end, at }: { end: Ended; at: number }): void => {
    const { registrationId, partnerId, host } = message
    const fields = {
      messageId: messageIdOf(registrationId),
      registrationId,
      partnerId,
      host,
      attempts: message.attempts + 1,
      resent: isResent(message),
    }
    if (end === 'delivered') emit('message.delivered', { ...fields, ageMs: Math.max(0, at - message.createdAt) })
    else {
      // Named as on the pages, in the commands and in the operators' channel.
      const { httpStatus, error } = attemptOf(result, at)
      emit('message.exhausted', { ...fields, end, httpStatus, error })
    }
  },
})
