import { Hono } from 'hono'
import { z } from 'zod'
import { asTold } from '../../core/message.ts'
import type { Attempt } from '../../store/store.ts'
import type { ApiEnv } from '../api-env.ts'
import type { ReadPartnerBody } from '../json/request-body.ts'
import { noQuery } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import type { Rates } from '../rates.ts'
import { type RegistrationBodySchema, viewAttempt } from './registration-schemas.ts'

interface CallbackTestDeps {
  rates: Pick<Rates, 'take'>
  registrationBody: RegistrationBodySchema
  readBody: ReadPartnerBody
  testCallback: (partnerId: string, callbackUrl: string) => Promise<Attempt>
}

export const createCallbackTestBody = ({ shape }: RegistrationBodySchema) =>
  z.strictObject({ callbackUrl: shape.callbackUrl }).meta({ id: 'CallbackTestRequest' })

/** `POST /v1/callbacks/test`: sends `idface.test` now and answers with the attempt, whatever its outcome. */
export const createCallbackTest = ({ registrationBody, readBody, testCallback, rates }: CallbackTestDeps) => {
  const app = new Hono<ApiEnv>()
  const body = createCallbackTestBody(registrationBody)

  app.post('/test', noQuery, async c => {
    const { callbackUrl } = await readBody(c, body)
    rates.take('callbackTests', c.get('partnerId'))
    return c.json(viewAttempt(asTold(await testCallback(c.get('partnerId'), callbackUrl)), answerLanguage(c)))
  })

  return app
}
