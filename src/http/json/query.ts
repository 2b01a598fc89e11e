import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { check, invalid, namesOf } from './validate.ts'

/** Reads the query parameters. Throws `AppError('invalid_query')` for invalid, unknown and repeated ones. */
export const readQuery = <T>(c: Context, schema: z.ZodType<T>): T => {
  const parameters = [...new URL(c.req.url).searchParams]
  const names = parameters.map(([name]) => name)
  const known = namesOf(schema)
  const repeated = new Set(names.filter((name, at) => known.includes(name) && names.indexOf(name) < at))
  const checked = check(Object.fromEntries(parameters), schema)
  const errors = [
    ...('errors' in checked ? checked.errors : []),
    ...[...repeated].map(path => ({ path, message: 'must be given only once' })),
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
