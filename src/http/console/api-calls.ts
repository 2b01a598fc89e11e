import type { Context, Hono } from 'hono'
import type { ApiEnv, SharedDeps } from '../api-env.ts'
import { clientAddress } from '../caller.ts'
import type { ProblemAnswer } from '../json/problem.ts'
import { languageFor } from '../language.ts'
import type { Html } from './page.ts'
import type { Session } from './sessions.ts'

/** The API has refused a call of the console. */
export class Refused extends Error {
  readonly problem: ProblemAnswer
  readonly retryAfter: string | null
  /** What asked for it, to be changed. */
  form: Html | '' = ''
  constructor(problem: ProblemAnswer, retryAfter: string | null) {
    super(problem.detail)
    this.problem = problem
    this.retryAfter = retryAfter
  }
}

export type Query = Readonly<Record<string, string | number | null | undefined>>
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Without what is null or empty, as a form sends it. */
export const queryText = (query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** What else was typed can be in no header, and is no token. */
const TOKEN = /^[\x21-\x7e]+$/

/**
 * Calls the API as whoever is signed in would: with their token and from their address, so that roles, rates, the audit and what is
 * masked are the API's. Throws `Refused` with the problem that the API answers.
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
