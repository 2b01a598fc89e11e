import type { Problem } from './shapes.ts'

/**
 * The code of the problem that the service answered (`not_found`, `invalid_body`, `too_many_requests`, …; its pages are in
 * `docs/problems.md`), or what kept an answer from coming: `network`, `timeout`, or `unexpected_response` for one that is
 * not the service's, such as a proxy's page.
 */
export type NotifierErrorCode =
  | 'network'
  | 'timeout'
  | 'unexpected_response'
  | 'invalid_json'
  | 'invalid_query'
  | 'invalid_body'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'internal'
  | 'unavailable'
  | (string & {})

interface ErrorParts {
  status?: number
  problem?: Problem
  retryAfterMs?: number | null
  cause?: unknown
}

/** A call that did not end well, after all retries. It never holds the API key. */
export class NotifierError extends Error {
  override readonly name = 'NotifierError'
  readonly code: NotifierErrorCode
  /** Of the answer; null where none came. */
  readonly status: number | null
  /** As the service sent it. */
  readonly problem: Problem | null
  /** How long the service wants you to wait. */
  readonly retryAfterMs: number | null

  constructor(code: NotifierErrorCode, message: string, { status, problem, retryAfterMs, cause }: ErrorParts = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status ?? null
    this.problem = problem ?? null
    this.retryAfterMs = retryAfterMs ?? null
  }
}
