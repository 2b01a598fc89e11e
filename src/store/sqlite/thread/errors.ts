import { AppError, StartError } from '../../../core/error.ts'
import type { Words } from '../../../core/language.ts'

/** An error in transit to another thread: a plain copy would lose its class and its code. */
export interface PackedError {
  /** The error's name, or its class's name if that is `Error`. */
  name: string
  message: string
  stack: string | undefined
  /** Code of the system or of SQLite. */
  code: string | number | undefined
  /** Whether its class is built in and nothing was added. */
  isPlain: boolean
  cause: PackedError | undefined
  /** Null if it is no `AppError`. */
  app: ReturnType<typeof pick> | null
  /** Null if it is no `StartError`. */
  words: Words | null
}

const pick = ({ code, detail, errors, retryAfterMs, databaseCode }: AppError) => {
  return { code, detail, errors, retryAfterMs, databaseCode }
}

const PLAIN = new Map([Error, TypeError, RangeError, ReferenceError, SyntaxError].map(kind => [kind.name, kind]))
/** Maximum depth of causes, in case an error is its own cause. */
const DEEPEST = 4

export const packError = (thrown: unknown, depth = 0): PackedError => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { message, stack, cause } = error
  const { code } = error as { code?: unknown }
  return {
    name: error.name === 'Error' ? error.constructor.name : error.name,
    message,
    stack,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    isPlain: PLAIN.get(error.name) === error.constructor && Object.keys(error).length === 0,
    cause: cause instanceof Error && depth < DEEPEST ? packError(cause, depth + 1) : undefined,
    app: error instanceof AppError ? pick(error) : null,
    words: error instanceof StartError ? error.words : null,
  }
}

export const unpackError = (packed: PackedError): Error => {
  const error = rebuildError(packed)
  if (packed.stack !== undefined) error.stack = packed.stack
  return error
}

const rebuildError = ({ name, message, code, isPlain, cause, app, words }: PackedError): Error => {
  if (app) return new AppError(app.code, app.detail, app)
  const more = cause && { cause: unpackError(cause) }
  if (words) return new StartError(words, more)
  if (isPlain) return new (PLAIN.get(name) ?? Error)(message, more)
  // Its properties mark it as a library's error, whose message the log does not trust.
  return Object.assign(new Error(message, more), { name }, code === undefined ? {} : { code })
}
