import { Hono } from 'hono'
import { z } from 'zod'
import type { Attempt } from '../store/store.ts'
import type { ApiEnv } from './authenticate.ts'
import { noQuery } from './query.ts'
import type { RegistrationBodySchema } from './registration-body.ts'
import { viewAttempt } from './registration-view.ts'
import { readBody } from './request-body.ts'

export interface CallbackTestDeps {
  registrationBody: RegistrationBodySchema
  testCallback: (partnerId: string, callbackUrl: string) => Promise<Attempt>
}

/** `POST /v1/callbacks/test`: sends `idface.test` now and answers with the attempt, whatever came of it. */
export const createCallbackTest = ({ registrationBody, testCallback }: CallbackTestDeps) => {
  const app = new Hono<ApiEnv>()
  const body = z.strictObject({ callbackUrl: registrationBody.shape.callbackUrl })

  app.post('/test', noQuery, async c => {
    const { callbackUrl } = await readBody(c, body)
    return c.json(viewAttempt(await testCallback(c.get('partnerId'), callbackUrl)))
  })

  return app
}
