import type { Context, Hono } from 'hono'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { clientAddress } from '../caller.ts'
import type { ProblemAnswer } from '../json/problem.ts'
import { languageFor } from '../language.ts'
import type { Html } from './page.ts'
import type { Session } from './sessions.ts'

/** The API refused a call of the console. */
export class Refused extends Error {
  readonly problem: ProblemAnswer
  readonly retryAfter: string | null
  /** The form behind the call, shown again for correction. */
  form: Html | '' = ''
  constructor(problem: ProblemAnswer, retryAfter: string | null) {
    super(problem.detail)
    this.problem = problem
    this.retryAfter = retryAfter
  }
}

export type Query = Readonly<Record<string, string | number | null | undefined>>
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Leaves out parameters that are null or empty, since a form sends its empty fields too. */
export const queryText = (query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** Other input cannot stand in a header, so it is no token. */
const TOKEN = /^[\x21-\x7e]+$/

/**
 * Calls the API with the token and from the address of the signed-in caller, so that the API applies its own roles,
 * rates, audit and masking. Throws `Refused` with the problem that the API returns.
 */
export const createApiCalls = (
  app: Pick<Hono<ApiEnv>, 'request'>,
  { trustedProxies }: Pick<SharedDeps, 'trustedProxies'>,
) => {
  const call = async <Answer>(
    c: Context,
    session: Pick<Session, 'token'>,
    { method, path, query = {}, body }: { method: Method; path: string; query?: Query | undefined; body?: unknown },
  ): Promise<Answer> => {
    const init = {
      method,
      headers: {
        authorization: `Bearer ${TOKEN.test(session.token) ? session.token : ''}`,
        'accept-language': languageFor(c),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    const from = { incoming: { socket: { remoteAddress: clientAddress(c, trustedProxies) } } }
    const response = await app.request(`${path}${queryText(query)}`, init, from)
    const answer = response.status === 204 ? null : await response.json()
    if (!response.ok) throw new Refused(answer as ProblemAnswer, response.headers.get('retry-after'))
    return answer as Answer
  }
  return call
}
export type CallApi = ReturnType<typeof createApiCalls>
