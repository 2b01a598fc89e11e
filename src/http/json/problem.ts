import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { SECOND } from '../../core/duration.ts'
import { AppError, type ErrorCode, type FieldError } from '../../core/error.ts'

type ProblemCode = ErrorCode | 'method_not_allowed' | 'internal'

/** Every code that a problem can have, with its status and title; `docs/problems.md` has a paragraph on each. */
export const PROBLEMS: Readonly<Record<ProblemCode, { status: ContentfulStatusCode; title: string }>> = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_query: { status: 400, title: 'Invalid query parameters' },
  unauthorized: { status: 401, title: 'A valid key is required' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict with the current state' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  invalid_body: { status: 422, title: 'Invalid fields in the body' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
}

/** RFC 9457. */
export const PROBLEM = z.strictObject({
  type: z.string().describe('The address of a page that says what to do.'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .exactOptional()
    .describe('Every invalid field or parameter.'),
  nextCursor: z
    .string()
    .exactOptional()
    .describe('Only for a cursor of events that a restore has ended: the cursor to go on with.'),
  requestId: z
    .string()
    .exactOptional()
    .describe(
      'The x-request-id of this answer, by which the operator finds it in the log; an item of a batch has none.',
    ),
})
export type ProblemAnswer = z.output<typeof PROBLEM>

interface Problem {
  code: ProblemCode
  detail: string
  errors?: readonly FieldError[]
  /** Of an event cursor that a restore has made invalid: the cursor to go on with. */
  nextCursor?: string
  /** Of the request that this is the answer to. */
  requestId?: string
  headers?: Record<string, string>
}

/** The RFC 9457 document for a code. */
export const problemOf = ({ code, detail, errors = [], nextCursor, requestId }: Problem): ProblemAnswer => ({
  type: `/docs/problems#${code}`,
  title: PROBLEMS[code].title,
  status: PROBLEMS[code].status,
  detail,
  ...(errors.length === 0 ? {} : { errors: [...errors] }),
  ...(nextCursor === undefined ? {} : { nextCursor }),
  ...(requestId === undefined ? {} : { requestId }),
})

export const sendProblem = (c: Context, problem: Problem): Response =>
  c.body(JSON.stringify(problemOf({ ...problem, requestId: c.get('requestId') })), PROBLEMS[problem.code].status, {
    ...problem.headers,
    'content-type': 'application/problem+json',
  })

/** Answers an error that a handler threw. Anything but an `AppError` is a bug, of which the caller only gets the request id. */
export const sendError = (c: Context, error: Error): Response => {
  if (!(error instanceof AppError))
    return sendProblem(c, { code: 'internal', detail: `The log has it under the request id ${c.get('requestId')}.` })
  const { code, message: detail, errors } = error
  return sendProblem(c, { code, detail, errors, headers: headersOf(error) })
}

/** The `Retry-After` of a 429 or 503 for which no better time is known. */
const RETRY_AFTER_MS = 2 * SECOND

const headersOf = ({ code, retryAfterMs }: AppError): Record<string, string> => {
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer' }
  const mayRetry = code === 'unavailable' || code === 'too_many_requests'
  return mayRetry ? { 'retry-after': String(Math.ceil((retryAfterMs ?? RETRY_AFTER_MS) / SECOND)) } : {}
}
