import { z } from 'zod'
import { withPublicError } from '../../core/message.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { answerLanguage } from '../language.ts'
import { ATTEMPT, CALLBACK_URL, judgedUrl, viewAttempt } from './registration-schemas.ts'

const CALLBACK_TEST = z.strictObject({ callbackUrl: CALLBACK_URL }).meta({ id: 'CallbackTestRequest' })

/** Sends `idface.test` now and responds with the attempt, successful or not. */
export const CALLBACK_TEST_CALLS = {
  'POST /v1/callbacks/test': operation({
    operationId: 'testCallback',
    summary: 'Send idface.test to a callback now',
    description:
      'The attempt is signed like every webhook and does not change your registrations. A 2xx enables a URL that is disabled or has answered 410, and its held webhooks are sent. One test a second, ten at once.',
    body: CALLBACK_TEST,
    bodyFor: ({ judgeUrl }) => CALLBACK_TEST.extend({ callbackUrl: judgedUrl(judgeUrl) }),
    answers: { 200: ATTEMPT },
    handle: async (c, { testCallback, rates }, { body: { callbackUrl } }) => {
      rates.take('callbackTests', c.get('partnerId'))
      return c.json(
        viewAttempt(withPublicError(await testCallback(c.get('partnerId'), callbackUrl)), answerLanguage(c)),
      )
    },
  }),
} satisfies PartnerCalls
