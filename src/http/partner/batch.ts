import { Hono } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { Language } from '../../core/language.ts'
import type { NewRegistration, Registered, Store } from '../../store/store.ts'
import { PROBLEM, problemOf } from '../json/problem.ts'
import { noQuery } from '../json/query.ts'
import type { ReadPartnerBody } from '../json/request-body.ts'
import { said } from '../json/said.ts'
import { bodyLike, checkBody } from '../json/validate.ts'
import { answerLanguage } from '../language.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { EnumerationGuard } from '../middleware/enumeration-guard.ts'
import { traceparentOf } from '../middleware/request-span.ts'
import { BATCH_BYTES, MOST_IN_A_BATCH } from '../rates.ts'
import { createRegistrar, IGNORED, type Origin, type RegistrarDeps } from './registrar.ts'
import { REGISTRATION, viewRegistration } from './registration-answer.ts'
import type { RegistrationBodySchema } from './registration-body.ts'

export interface BatchDeps extends RegistrarDeps {
  readBody: ReadPartnerBody
  registrationBody: RegistrationBodySchema
  enumerationGuard: Pick<EnumerationGuard, 'recordConflict' | 'slowedForMs'>
  store: RegistrarDeps['store'] & Pick<Store, 'register'>
}

const REGISTRATIONS = said({
  en: `must be an array of 1 to ${MOST_IN_A_BATCH} registrations`,
  zh: `必须是包含 1 到 ${MOST_IN_A_BATCH} 条登记的数组`,
})
export const BATCH_BODY = z
  .strictObject(
    {
      registrations: z
        .array(z.unknown().meta({ $ref: '#/$defs/RegistrationRequest' }), REGISTRATIONS)
        .min(1, REGISTRATIONS)
        .max(MOST_IN_A_BATCH, REGISTRATIONS)
        .describe('Each as in a call of its own.'),
    },
    bodyLike('{"registrations": [{"idcardid": "…", "callbackUrl": "…"}, …]}'),
  )
  .meta({ id: 'BatchRequest' })

const AS_ALONE = 'As of a call of its own.'
const REFUSED = [403, 409, 422, 429, 503] as const
export const BATCH_RESULTS = z
  .strictObject({
    results: z
      .array(
        // One literal each for what is told apart: TypeScript excludes a member of a union by a comparison with one only.
        z.discriminatedUnion('status', [
          z.strictObject({ status: z.literal(201).describe(AS_ALONE), registration: REGISTRATION }),
          z.strictObject({
            status: z.literal(200).describe(AS_ALONE),
            registration: REGISTRATION,
            ignored: z.array(z.enum(IGNORED)).exactOptional().describe('As the header `idface-ignored`.'),
          }),
          z.strictObject({ status: z.literal(REFUSED).describe(AS_ALONE), problem: PROBLEM }),
        ]),
      )
      .describe('One for each registration, in the same order.'),
  })
  .meta({ id: 'BatchResults' })
type Result = z.output<typeof BATCH_RESULTS>['results'][number]

/** `POST /v1/registrations/batch`: every item has its own result, and an invalid item does not affect the others. */
export const createBatch = (deps: BatchDeps) => {
  const app = new Hono<ApiEnv>()
  const registrar = createRegistrar(deps)

  const check = async (partnerId: string, body: unknown, origin: Origin): Promise<NewRegistration | AppError> => {
    try {
      return await registrar.toItem(partnerId, () => checkBody(body, deps.registrationBody), origin)
    } catch (error) {
      if (error instanceof AppError && error.code !== 'unavailable') return error
      throw error
    }
  }

  const resultOf = (item: NewRegistration, registered: Registered, language: Language): Result => {
    try {
      const { status, registration: stored, ignored } = registrar.toAnswer(item, registered)
      const registration = viewRegistration(stored)
      return status === 201 || ignored.length === 0 ? { status, registration } : { status, registration, ignored }
    } catch (error) {
      if (error instanceof AppError) return refusal(error, language)
      throw error
    }
  }

  app.post('/batch', noQuery, async c => {
    const partnerId = c.get('partnerId')
    const { registrations } = await deps.readBody(c, BATCH_BODY, { limit: BATCH_BYTES })
    if (registrations.length > 1) refuseIfSlowed(deps.enumerationGuard.slowedForMs(partnerId))
    deps.rates.take('registrations', partnerId, registrations.length)
    const origin = { isBatch: registrations.length > 1, traceparent: traceparentOf(c) }
    const checked = await Promise.all(registrations.map(body => check(partnerId, body, origin)))
    const items = checked.flatMap(item => (item instanceof AppError ? [] : [item]))
    const registered = await deps.store.register(items)
    const language = answerLanguage(c)
    const inOrder = registered[Symbol.iterator]()
    const results = checked.map(item =>
      item instanceof AppError ? refusal(item, language) : resultOf(item, inOrder.next().value as Registered, language),
    )
    return c.json({ results })
  })

  return app
}

const ENUMERATED = {
  en: 'Your last serials look enumerated, so batches are refused for now. Register one serial at a time.',
  zh: '检测到疑似遍历流水号，暂不接受批量登记，请逐个登记。',
}

/** One request a second is slow only if each of them has one serial. */
const refuseIfSlowed = (slowedForMs: number): void => {
  if (slowedForMs > 0) throw new AppError('too_many_requests', ENUMERATED, { retryAfterMs: slowedForMs })
}

const refusal = ({ code, detail, errors }: AppError, language: Language): Result => {
  const problem = problemOf({ code, detail, errors }, language)
  return { status: problem.status as (typeof REFUSED)[number], problem }
}
