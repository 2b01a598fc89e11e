import { Hono } from 'hono'
import type { z } from 'zod'
import { AppError } from '../core/error.ts'
import type { ApiDeps, ApiEnv, Operator, PartDeps } from './api-env.ts'
import { addCalls } from './calls.ts'
import { type Query, queryText } from './console/api-calls.ts'
import { sendError } from './json/problem.ts'
import { OPERATOR_OPERATIONS } from './openapi/operations.ts'

export type { Query }

type Calls = typeof OPERATOR_OPERATIONS.Admin
/** A call of the admin API, such as `PATCH /v1/admin/partners/:id`; a link needs the vault of a running service. */
type Route = Exclude<keyof Calls, `${string}/console-links`>
type Answer<Of> = { [Status in keyof Of]: Of[Status] extends z.ZodType<infer A> ? A : null }[keyof Of]

/** Makes a call; `id` stands in the place of `:id`. Rejects with the error that the API refuses the call with. */
export type CallAdminApi = <R extends Route>(
  route: R,
  given?: { id?: string; query?: Query; body?: object },
) => Promise<Answer<Calls[R]['answers']>>

interface Caller extends Pick<ApiDeps, 'store' | 'config' | 'newId' | 'random'> {
  operator: Operator
  /** Why, for the audit. */
  reason: string | null
}

/** Calls the admin API in this process, as an operator who needs no token: no rate holds for it, and nothing is logged. */
export const createCommandApi = ({ operator, reason, ...given }: Caller): CallAdminApi => {
  const app = new Hono<ApiEnv>()
  let refusal: Error | null = null
  app.onError((error, c) => {
    // The first error is more useful than one of the audit.
    refusal ??= error
    return sendError(c, error)
  })
  app.use((c, next) => {
    c.set('operator', operator)
    return next()
  })
  const rates = { take: () => {}, give: () => {} }
  // The calls that commands make need nothing else.
  addCalls(app, OPERATOR_OPERATIONS, { ...given, rates, now: given.store.now, emit: () => {} } as unknown as PartDeps)

  return async (route, { id = '', query, body } = {}) => {
    refusal = null
    // As a segment of a path they would lead to another call.
    if (id === '.' || id === '..')
      throw new AppError('not_found', { en: `There is no id ${id}.`, zh: `没有 id ${id}。` })
    const [method = '', path = ''] = route.split(' ')
    const search = queryText({ ...query, ...(method === 'DELETE' && { reason }) })
    const response = await app.request(`${path.replace(':id', encodeURIComponent(id))}${search}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...((method === 'POST' || method === 'PATCH') && { body: JSON.stringify({ reason, ...body }) }),
    })
    if (refusal !== null) throw refusal
    const answer = response.status === 204 ? null : await response.json()
    return answer as Answer<Calls[typeof route]['answers']>
  }
}
