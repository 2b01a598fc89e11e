import { Hono } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import type { NewRegistration, Registered } from '../../store/store.ts'
import { problemOf } from '../json/problem.ts'
import { noQuery } from '../json/query.ts'
import { checkBody, readBody } from '../json/request-body.ts'
import type { ApiEnv } from '../middleware/authenticate.ts'
import type { EnumerationGuard } from '../middleware/enumeration-guard.ts'
import { createRegistrar, type RegistrarDeps } from './registrar.ts'
import type { RegistrationBodySchema } from './registration-body.ts'
import { viewRegistration } from './registration-view.ts'

export interface BatchDeps extends RegistrarDeps {
  registrationBody: RegistrationBodySchema
  enumerationGuard: Pick<EnumerationGuard, 'recordSerial' | 'slowedForMs'>
  /** All in one transaction, one result an item. */
  registerAll: (items: readonly NewRegistration[]) => Promise<readonly Registered[]>
}

const BATCH_BYTES = 1024 * 1024
const MOST = 1_000
const REGISTRATIONS = `must be an array of 1 to ${MOST} registrations`
export const BATCH_BODY = z.strictObject({
  registrations: z.array(z.unknown(), REGISTRATIONS).min(1, REGISTRATIONS).max(MOST, REGISTRATIONS),
})

/** `POST /v1/registrations/batch`: each item has a result of its own, in order, and a bad one harms no other. */
export const createBatch = (deps: BatchDeps) => {
  const app = new Hono<ApiEnv>()
  const registrar = createRegistrar(deps)

  const check = async (partnerId: string, body: unknown): Promise<NewRegistration | AppError> => {
    try {
      return await registrar.toItem(partnerId, checkBody(body, deps.registrationBody))
    } catch (error) {
      if (error instanceof AppError && error.code !== 'unavailable') return error
      throw error
    }
  }

  const answer = (item: NewRegistration, registered: Registered) => {
    try {
      const { status, registration } = registrar.toAnswer(item, registered)
      return { status, registration: viewRegistration(registration) }
    } catch (error) {
      if (error instanceof AppError) return refusal(error)
      throw error
    }
  }

  app.post('/batch', noQuery, async c => {
    const partnerId = c.get('partnerId')
    const { registrations } = await readBody(c, BATCH_BODY, BATCH_BYTES)
    if (registrations.length > 1) refuseSlowed(deps.enumerationGuard.slowedForMs(partnerId))
    const checked = await Promise.all(registrations.map(body => check(partnerId, body)))
    const registered = await deps.registerAll(checked.flatMap(item => (item instanceof AppError ? [] : [item])))
    const inOrder = registered[Symbol.iterator]()
    const results = checked.map(item => {
      if (item instanceof AppError) return refusal(item)
      return answer(item, inOrder.next().value as Registered)
    })
    return c.json({ results })
  })

  return app
}

/** Once a second is slow only for one serial at a time. */
const refuseSlowed = (slowedForMs: number): void => {
  const detail = 'Your last serials look like tried out in turn: for now, register one at a time.'
  if (slowedForMs > 0) throw new AppError('too_many_requests', detail, { retryAfterMs: slowedForMs })
}

const refusal = ({ code, message: detail, errors }: AppError) => {
  const problem = problemOf({ code, detail, errors })
  return { status: problem.status, problem }
}
