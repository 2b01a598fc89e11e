import type { z } from 'zod'
import type { ErrorCode } from '../../core/error.ts'
import { PROBLEMS } from '../json/problem.ts'

/** One documented call. What follows from its method, its path or its schemas is not repeated here. */
export interface Operation {
  operationId: string
  summary: string
  description?: string
  query?: z.ZodObject
  body?: z.ZodType
  /** By HTTP status: the schema of the body, or its media type; null: there is no body. */
  answers: Readonly<Record<number, z.ZodType | 'text/plain' | null>>
  /** What it refuses beyond that. */
  problems?: readonly ErrorCode[]
}

/** By method and path as the router has them, such as `GET /v1/registrations/:id`. */
export type Operations = Readonly<Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Operation>>

export type Access = 'partner' | 'admin' | 'metrics' | 'open'

/** An operation with where it is called. `route` is its name in `Operations`. */
export interface Call {
  route: string
  method: string
  path: string
  tag: string
  access: Access
  operation: Operation
}

const accessOf = (path: string): Access => {
  if (path.startsWith('/v1/admin/')) return 'admin'
  if (path.startsWith('/v1/')) return 'partner'
  return path === '/metrics' ? 'metrics' : 'open'
}

/** The calls of several tags. */
export const callsOf = (byTag: Readonly<Record<string, Operations>>): Call[] =>
  Object.entries(byTag).flatMap(([tag, operations]) =>
    Object.entries(operations).map(([route, operation]) => {
      const [method = '', path = ''] = route.split(' ')
      return { route, method, path, tag, access: accessOf(path), operation }
    }),
  )

export type ProblemCode = keyof typeof PROBLEMS

const OF_BODY: readonly ProblemCode[] = ['invalid_json', 'payload_too_large', 'unsupported_media_type', 'invalid_body']
const OF_ACCESS: Readonly<Record<Access, readonly ProblemCode[]>> = {
  partner: ['invalid_query', 'unauthorized', 'too_many_requests', 'internal', 'unavailable'],
  // Every call of operators is 404 while there is no token for them.
  admin: ['invalid_query', 'unauthorized', 'forbidden', 'not_found', 'too_many_requests', 'internal', 'unavailable'],
  metrics: ['unauthorized', 'too_many_requests'],
  open: [],
}

/** The problems that a call can have, by status. */
export const problemsOf = ({ path, access, operation: { body, problems = [] } }: Call): Map<number, ProblemCode[]> => {
  const ofPath: readonly ProblemCode[] = path.includes('/:id') ? ['not_found'] : []
  const codes = new Set([...OF_ACCESS[access], ...(body ? OF_BODY : []), ...ofPath, ...problems])
  return Map.groupBy(codes, code => PROBLEMS[code].status)
}
