import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { check, invalid, namesOf } from './validate.ts'

/** No call has so many. */
const MOST_PARAMETERS = 20
const TOO_MANY = {
  en: `There are more than ${MOST_PARAMETERS} query parameters.`,
  zh: `查询参数超过 ${MOST_PARAMETERS} 个。`,
}
const REPEATED = { en: 'must be given only once', zh: '只能出现一次' }

/** The query's parameters in order. Throws where there are more than any call has. */
const parametersOf = (url: string): [name: string, value: string][] => {
  const [target = ''] = url.split('#', 1)
  const at = target.indexOf('?')
  if (at === -1) return []
  const text = target.slice(at + 1)
  if (text.split('&', MOST_PARAMETERS + 1).length > MOST_PARAMETERS) throw new AppError('invalid_query', TOO_MANY)
  return [...new URLSearchParams(text)]
}

/** Reads the query parameters. Throws `AppError('invalid_query')` for invalid, unknown, repeated and too many ones. */
export const readQuery = <T>(c: Context, schema: z.ZodType<T>): T => {
  const parameters = parametersOf(c.req.url)
  const known = new Set(namesOf(schema))
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const [name] of parameters) {
    if (seen.has(name) && known.has(name)) repeated.add(name)
    seen.add(name)
  }
  const checked = check(Object.fromEntries(parameters), schema)
  const errors = [
    ...('errors' in checked ? checked.errors : []),
    ...[...repeated].map(path => ({ path, message: REPEATED })),
  ]
  if ('errors' in checked || errors.length > 0) throw invalid('query', errors)
  return checked.data
}

const NONE = z.strictObject({})

/** For calls without parameters: throws `AppError('invalid_query')` if there are any. */
export const refuseQuery = (c: Context): void => {
  if (c.req.url.includes('?')) readQuery(c, NONE)
}

export const noQuery: MiddlewareHandler = function noQuery(c, next) {
  refuseQuery(c)
  return next()
}
