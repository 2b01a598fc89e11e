import type { Words } from './language.ts'

/** Errors that the caller caused or has to wait out. `http/json/problem.ts` has the HTTP status of each code. */
export type ErrorCode =
  | 'invalid_json'
  | 'invalid_query'
  | 'invalid_body'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'has_verdict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'unavailable'

/** A bad field: `path` is its name as the caller wrote it, `message` states the requirement. */
export interface FieldError {
  path: string
  message: Words
}

/** Returns the code that Node or a library has put on an error, such as `ENOENT`, or null if it has none. */
export const codeOf = (error: unknown): string | number | null => {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' || typeof code === 'number' ? code : null
}

/** An error for the caller, in its language (log: English). Expected outcomes are values; any other error is a bug. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: Words
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | null
  /** The database's code for why it is unavailable, such as `SQLITE_FULL` or `53100`. */
  readonly databaseCode: string | null

  constructor(
    code: ErrorCode,
    detail: Words,
    more: Partial<Pick<AppError, 'errors' | 'retryAfterMs' | 'databaseCode'>> = {},
  ) {
    super(detail.en)
    this.code = code
    this.detail = detail
    this.errors = more.errors ?? []
    this.retryAfterMs = more.retryAfterMs ?? null
    this.databaseCode = more.databaseCode ?? null
  }
}

/** Keeps the service or a command from starting. The text has the cause and the remedy, for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly words: Words

  constructor(words: Words, options?: { cause?: unknown }) {
    super(words.en, options)
    this.words = words
  }
}
