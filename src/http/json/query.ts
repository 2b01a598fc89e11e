import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { AppError, type FieldError } from '../../core/error.ts'
import { countErrors, fieldErrors } from './field-errors.ts'

/** Reads the query parameters. Throws `AppError('invalid_query')` for wrong, unknown and repeated ones. */
export const readQuery = <T>(c: Context, schema: z.ZodType<T>): T => {
  const parameters = [...new URL(c.req.url).searchParams]
  const names = parameters.map(([name]) => name)
  const repeated = new Set(names.filter((name, at) => names.indexOf(name) < at))
  const parsed = schema.safeParse(Object.fromEntries(parameters))
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  const errors: FieldError[] = [
    ...(parsed.success ? [] : fieldErrors(parsed.error, known)),
    ...[...repeated].filter(name => known.includes(name)).map(path => ({ path, message: 'must be there only once' })),
  ]
  if (!parsed.success || errors.length > 0)
    throw new AppError('invalid_query', countErrors(errors, ['query parameter', 'query parameters']), { errors })
  return parsed.data
}

const NONE = z.strictObject({})

/** For calls without parameters: throws `AppError('invalid_query')` where there are some. */
export const refuseQuery = (c: Context): void => {
  if (c.req.url.includes('?')) readQuery(c, NONE)
}

export const noQuery: MiddlewareHandler = function noQuery(c, next) {
  refuseQuery(c)
  return next()
}
