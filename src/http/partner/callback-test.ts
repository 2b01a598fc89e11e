import { Hono } from 'hono'
import { z } from 'zod'
import { asTold } from '../../core/message.ts'
import type { Attempt } from '../../store/store.ts'
import { noQuery } from '../json/query.ts'
import { answerLanguage } from '../language.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createRateLimit, type SharedRate } from '../middleware/rate-limit.ts'
import type { ReadPartnerBody } from './body-rate.ts'
import { viewAttempt } from './registration-answer.ts'
import type { RegistrationBodySchema } from './registration-body.ts'

export interface CallbackTestDeps extends SharedRate {
  registrationBody: RegistrationBodySchema
  readBody: ReadPartnerBody
  testCallback: (partnerId: string, callbackUrl: string) => Promise<Attempt>
  now: () => number
}

/** Per partner: enough to try out a URL, and too few to probe many hosts of other people. */
const TESTS = { rate: 1, burst: 10 }

export const createCallbackTestBody = ({ shape }: RegistrationBodySchema) =>
  z.strictObject({ callbackUrl: shape.callbackUrl }).meta({ id: 'CallbackTestRequest' })

/** `POST /v1/callbacks/test`: sends `idface.test` now and answers with the attempt, whatever its outcome. */
export const createCallbackTest = ({ registrationBody, readBody, testCallback, rateShare, now }: CallbackTestDeps) => {
  const app = new Hono<ApiEnv>()
  const take = createRateLimit({
    now,
    rateShare,
    detail: {
      en: 'You may test one callback a second, and ten at once.',
      zh: '每秒最多测试 1 次回调，突发上限为 10 次。',
    },
  })
  const body = createCallbackTestBody(registrationBody)

  app.post('/test', noQuery, async c => {
    const { callbackUrl } = await readBody(c, body)
    take(c.get('partnerId'), TESTS)
    return c.json(viewAttempt(asTold(await testCallback(c.get('partnerId'), callbackUrl)), answerLanguage(c)))
  })

  return app
}
