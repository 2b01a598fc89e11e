import type { z } from 'zod'
import type { ErrorCode, FieldError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { ANSWERS, Requests } from './schemas.ts'

/** The headers of answers that callers may need. */
export const HEADERS = {
  location: { description: 'The address of the new object.', schema: { type: 'string' } },
  'content-language': { description: 'The language of its texts.', schema: { type: 'string', enum: ['en', 'zh'] } },
  'idface-ignored': { description: 'What is otherwise: `metadata`, `expiresAt`, or both.', schema: { type: 'string' } },
  'x-request-id': { description: 'Names this call in the log of the service.', schema: { type: 'string' } },
  'retry-after': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } },
  'www-authenticate': { description: 'How to authenticate.', schema: { type: 'string' } },
} as const

interface Answered {
  description: string
  /** Absent: there is no body, or its media type is all that is documented. */
  schema?: keyof typeof ANSWERS
  /** For a body that has no schema. */
  mediaType?: 'text/plain'
  headers?: readonly ('location' | 'content-language' | 'idface-ignored')[]
  /** Where the schema's own example would be another case. */
  example?: unknown
}

/** What a problem says beside its code. */
export interface Told {
  detail: Words
  errors?: readonly FieldError[]
  nextCursor?: string
}

/** One documented call. What follows from its path, its access, its query or its body is not repeated here. */
export interface Operation {
  operationId: string
  tag: 'Registrations' | 'Delivery' | 'Account' | 'Admin' | 'Service'
  access: 'partner' | 'admin' | 'metrics' | 'open'
  summary: string
  description: string
  /** Absent: the call has no query parameters. */
  query?: z.ZodObject
  body?: keyof Requests
  bodyIsOptional?: boolean
  /** By HTTP status. */
  answers: Readonly<Record<number, Answered>>
  /** What it refuses beyond that, or in words of its own: examples for each code. */
  problems?: Partial<Record<ErrorCode, readonly Told[]>>
}

/** By method and path as the router has them, such as `GET /v1/registrations/:id`. */
export type Operations = Readonly<Record<`${'GET' | 'POST' | 'PATCH' | 'DELETE'} /${string}`, Operation>>

/** An operation with where it is called. `route` is its name in `Operations`: `method` and `path`. */
export interface Call {
  route: string
  method: string
  path: string
  operation: Operation
}

export const methodAndPath = (route: string): Pick<Call, 'method' | 'path'> => {
  const [method = '', path = ''] = route.split(' ')
  return { method, path }
}

export const callsOf = (operations: Operations): Call[] =>
  Object.entries(operations).map(([route, operation]) => ({ route, ...methodAndPath(route), operation }))
