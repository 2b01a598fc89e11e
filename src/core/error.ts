import type { Words } from './language.ts'

/** What the caller did wrong, or cannot have now. `http/json/problem.ts` has the HTTP status of each code. */
export type ErrorCode =
  | 'invalid_json'
  | 'invalid_query'
  | 'invalid_body'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'unavailable'

/** A bad field: `path` is its name as the caller wrote it, `message` says what would be right. */
export interface FieldError {
  path: string
  message: Words
}

/** The code that Node or a library has put on an error, as `ENOENT`; null: there is none. */
export const codeOf = (error: unknown): string | number | null => {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' || typeof code === 'number' ? code : null
}

/** For what a caller must be told, in the language that it asks for; the log has it in English. An outcome that is expected is a value; any other error is a bug. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly detail: Words
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | null
  /** Why the database is unavailable, as it calls it, such as `SQLITE_FULL` or `53100`. */
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

/** What keeps the service or a command from starting, and what to do, for whoever has started it. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly words: Words

  constructor(words: Words, options?: { cause?: unknown }) {
    super(words.en, options)
    this.words = words
  }
}
