import { Hono } from 'hono'
import { z } from 'zod'
import type { Attempt } from '../../store/store.ts'
import { noQuery } from '../json/query.ts'
import { readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import { createRateLimit } from '../middleware/rate-limit.ts'
import type { RegistrationBodySchema } from './registration-body.ts'
import { viewAttempt } from './registration-view.ts'

export interface CallbackTestDeps {
  registrationBody: RegistrationBodySchema
  testCallback: (partnerId: string, callbackUrl: string) => Promise<Attempt>
  now: () => number
}

/** Of a partner: enough for who tries out a URL, too little to knock at many hosts that are not its own. */
const TESTS = { rate: 1, burst: 10 }

export const createCallbackTestBody = ({ shape }: RegistrationBodySchema) =>
  z.strictObject({ callbackUrl: shape.callbackUrl })

/** `POST /v1/callbacks/test`: sends `idface.test` now and answers with the attempt, whatever came of it. */
export const createCallbackTest = ({ registrationBody, testCallback, now }: CallbackTestDeps) => {
  const app = new Hono<ApiEnv>()
  const take = createRateLimit({ now, detail: 'So many callbacks cannot be tested at once.' })
  const body = createCallbackTestBody(registrationBody)

  app.post('/test', noQuery, async c => {
    const { callbackUrl } = await readBody(c, body)
    take(c.get('partnerId'), TESTS)
    return c.json(viewAttempt(await testCallback(c.get('partnerId'), callbackUrl)))
  })

  return app
}
