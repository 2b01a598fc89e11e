import type { Context } from 'hono'
import { z } from 'zod'
import type { Answer } from '../../core/answer.ts'
import { MESSAGE_TYPES, withPublicError } from '../../core/message.ts'
import { roundedRate } from '../../core/show-sizes.ts'
import type { Explanation } from '../../store/registrations/explanations.ts'
import type { ApiEnv, PartDeps } from '../api-env.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { AT, AT_OR_NULL, COUNT, IS_AT_LEAST, idField, PAUSE, pauseFacts } from '../json/fields.ts'
import { found } from '../json/problem.ts'
import { answerLanguage } from '../language.ts'
import { explainSentence, givenUpAt, type Reader } from './explain-sentence.ts'
import {
  ATTEMPT,
  attemptFacts,
  DELIVERY_STATE,
  REASON,
  registrationFacts,
  SANDBOX,
  STATUS,
} from './registration-schemas.ts'
import { readTarget } from './registrations.ts'

const ANSWER_KIND = z.enum([
  'verdict',
  'waiting',
  'unknown_status',
  'not_found',
  'invalid_id',
  'transient',
  'throttled',
  'account',
  'clock',
] as const satisfies Answer['kind'][])

export const POLLING = {
  lastAnswer: ANSWER_KIND.nullable().describe('What the last answer of GetResult meant; null: there was none.'),
  code: z.int().nullable().describe('The code of that GetResult answer.'),
  status: z.string().nullable().describe('The last status in a GetResult answer, unchanged.'),
  polls: COUNT.describe('How often the serial was polled.'),
  lastPolledAt: AT_OR_NULL.describe('Null: not polled yet.'),
  nextPollAt: AT_OR_NULL.describe('If the serial is queued: an estimate.'),
}
export const pollingFacts = ({ registration, lastAnswer, lastCode, rawStatus, queue }: Explanation) => ({
  lastAnswer,
  code: lastCode,
  status: rawStatus,
  polls: registration.polls,
  lastPolledAt: registration.lastPolledAt,
  nextPollAt: queue ? queue.at : registration.nextPollAt,
})

export const EXPLANATION = z
  .object({
    registrationId: idField('reg').describe('The explained registration.'),
    sandbox: SANDBOX,
    status: STATUS,
    reason: REASON,
    language: z.enum(['en', 'zh']).describe('The language of the sentence.'),
    sentence: z
      .string()
      .meta({ description: 'The fields below in words.', examples: ['GetResult has not been polled yet.'] }),
    at: AT.describe('The time of this snapshot.'),
    polling: z.object({
      ...POLLING,
      until: AT_OR_NULL.describe(
        'Until when it waits for a verdict: `expiresAt`, and the margin that the operator has set. The first answer after that ends it. Null: it has ended.',
      ),
      queue: z
        .object({
          before: COUNT.describe('The estimated number of your calls before it.'),
          rate: z.number().positive().describe('Your present rate of calls per second.'),
          isAtLeast: IS_AT_LEAST,
        })
        .nullable()
        .describe('Null unless the poll is due and queued.'),
    }),
    account: z.object(PAUSE).describe('The upstream account that the serial is polled with.'),
    delivery: z.object({
      type: z.enum(MESSAGE_TYPES).nullable().describe('The type of the webhook; null: there is none yet.'),
      messageId: idField('msg').nullable().describe('The `webhook-id`.'),
      state: DELIVERY_STATE,
      attempts: COUNT.describe('The number of attempts.'),
      lastAttempt: ATTEMPT.nullable(),
      underWay: z.boolean().describe('An attempt is being made, which began at `nextAttemptAt`.'),
      nextAttemptAt: AT_OR_NULL.describe('Null: no attempt is planned.'),
      heldSince: AT_OR_NULL.describe('Since when webhooks to the callback URL are held.'),
      heldBecause: z
        .enum(['gone', 'disabled', 'operator'])
        .nullable()
        .describe(
          '`gone`: it answered 410. `disabled`: every attempt of five days has failed. `operator`: the operator has disabled it.',
        ),
      unsignable: z.boolean().describe('The webhook waits, because none of your signing secrets can be read.'),
      allHeldSince: AT_OR_NULL.describe('The webhook waits, because the operator has held all webhooks since then.'),
    }),
  })
  .meta({ id: 'Explanation', description: 'Why there is no webhook yet.' })
export type ExplanationAnswer = z.output<typeof EXPLANATION>

export const viewExplanation = (explanation: Explanation, reader: Reader): ExplanationAnswer => {
  const { language, now } = reader
  const { registration, lastAttempt, queue } = explanation
  return z.decode(EXPLANATION, {
    ...registrationFacts(registration),
    registrationId: registration.id,
    language,
    sentence: explainSentence(explanation, reader),
    at: now,
    polling: {
      ...pollingFacts(explanation),
      until: registration.status === 'pending' ? givenUpAt(explanation, reader) : null,
      queue: queue && { ...queue, rate: roundedRate(queue.rate) },
    },
    account: pauseFacts(explanation.account),
    delivery: {
      ...explanation,
      ...registration.delivery,
      type: explanation.messageType,
      lastAttempt: lastAttempt && attemptFacts(lastAttempt, language),
      underWay: explanation.sending === 'under_way',
    },
  })
}

/** Responds in the caller's language. */
export const answerExplanation = (
  c: Context<ApiEnv>,
  explanation: Explanation,
  { config, now }: Pick<PartDeps, 'config' | 'now'>,
) => {
  const { settleMarginMs } = config.polling
  return c.json(viewExplanation(explanation, { language: answerLanguage(c), now: now(), settleMarginMs }))
}

/** `GET /v1/registrations/:id/explain`: why there is no webhook yet, as data and in words of the caller's language. */
export const EXPLAIN_CALLS = {
  'GET /v1/registrations/:id/explain': operation({
    operationId: 'explain',
    summary: 'Why there is no webhook yet',
    description:
      'The last answer of the upstream, the next poll, whether the account is paused and why, the last attempt and the next: as data, and in one sentence in the language that `accept-language` asks for.',
    answers: { 200: EXPLANATION },
    handle: async (c, deps) => {
      const explanation = found(await deps.store.explain(...readTarget(c)), 'registration')
      const { lastAttempt } = explanation
      return answerExplanation(c, { ...explanation, lastAttempt: lastAttempt && withPublicError(lastAttempt) }, deps)
    },
  }),
} satisfies PartnerCalls
