import type { Context, Hono } from 'hono'
import type { ApiEnv } from '../api-env.ts'
import type { ProblemAnswer } from '../json/problem.ts'
import { languageFor } from './language.ts'
import type { Session } from './sessions.ts'

/** The API has refused a call of the console. */
export class Refused extends Error {
  readonly problem: ProblemAnswer
  constructor(problem: ProblemAnswer) {
    super(problem.detail)
    this.problem = problem
  }
}

type Query = Readonly<Record<string, string | number | null | undefined>>
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Without what is null or empty, as a form sends it. */
const queryText = (query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value ? [[name, String(value)] as [string, string]] : [],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/**
 * Calls the API as whoever is signed in would: with their token, so that roles, rates, the audit and what is masked are the API's.
 * Throws `Refused` with the problem that the API answers.
 */
export const createApiCalls = (app: Pick<Hono<ApiEnv>, 'request'>) => {
  const call = async <Answer>(
    c: Context,
    session: Pick<Session, 'token'>,
    { method, path, query = {}, body }: { method: Method; path: string; query?: Query | undefined; body?: unknown },
  ): Promise<Answer> => {
    const response = await app.request(`${path}${queryText(query)}`, {
      method,
      headers: {
        authorization: `Bearer ${session.token}`,
        'accept-language': languageFor(c),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = response.status === 204 ? null : await response.json()
    if (!response.ok) throw new Refused(answer as ProblemAnswer)
    return answer as Answer
  }
  return call
}
export type CallApi = ReturnType<typeof createApiCalls>
