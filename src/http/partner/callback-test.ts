import { z } from 'zod'
import { withPublicError } from '../../core/message.ts'
import type { PartnerCalls } from '../calls.ts'
import { readBody } from '../json/request-body.ts'
import { answerLanguage } from '../language.ts'
import { ATTEMPT, callbackUrlField, type JudgeUrl, NO_JUDGE, viewAttempt } from './registration-schemas.ts'

const createCallbackTestBody = (judgeUrl: JudgeUrl) =>
  z.strictObject({ callbackUrl: callbackUrlField(judgeUrl) }).meta({ id: 'CallbackTestRequest' })

/** Sends `idface.test` now and responds with the attempt, successful or not. */
export const CALLBACK_TEST_CALLS = {
  'POST /v1/callbacks/test': {
    operationId: 'testCallback',
    summary: 'Send idface.test to a callback now',
    description:
      'The attempt is signed like every webhook and does not change your registrations. A 2xx enables a URL that is disabled or has answered 410, and its held webhooks are sent. One test a second, ten at once.',
    body: createCallbackTestBody(NO_JUDGE),
    answers: { 200: ATTEMPT },
    handle: async (c, { judgeUrl, testCallback, rates }) => {
      const { callbackUrl } = await readBody(c, createCallbackTestBody(judgeUrl))
      rates.take('callbackTests', c.get('partnerId'))
      return c.json(
        viewAttempt(withPublicError(await testCallback(c.get('partnerId'), callbackUrl)), answerLanguage(c)),
      )
    },
  },
} satisfies PartnerCalls
