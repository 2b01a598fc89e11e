import { z } from 'zod'
import { asTold } from '../../core/message.ts'
import type { Part } from '../api-env.ts'
import { readBody } from '../json/request-body.ts'
import { noQuery } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import { callbackUrlField, type JudgeUrl, viewAttempt } from './registration-schemas.ts'

export const createCallbackTestBody = (judgeUrl: JudgeUrl) =>
  z.strictObject({ callbackUrl: callbackUrlField(judgeUrl) }).meta({ id: 'CallbackTestRequest' })

/** `POST /v1/callbacks/test`: sends `idface.test` now and answers with the attempt, whatever its outcome. */
export const addCallbackTest: Part = (app, { judgeUrl, testCallback, rates }) => {
  const body = createCallbackTestBody(judgeUrl)

  app.post('/v1/callbacks/test', noQuery, async c => {
    const { callbackUrl } = await readBody(c, body)
    rates.take('callbackTests', c.get('partnerId'))
    return c.json(viewAttempt(asTold(await testCallback(c.get('partnerId'), callbackUrl)), answerLanguage(c)))
  })
}
