import { AppError, type ErrorCode, type FieldError } from '../../core/error.ts'

/** An error as it is sent to another thread, where a plain copy would lose its class and its code. */
export interface PackedError {
  name: string
  message: string
  stack: string | undefined
  code: string | undefined
  /** Null: not an `AppError`. */
  app: { code: ErrorCode; errors: readonly FieldError[]; retryAfterMs: number | null } | null
}

export const packError = (thrown: unknown): PackedError => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, message, stack } = error
  const { code } = error as { code?: unknown }
  const app = error instanceof AppError && { code: error.code, errors: error.errors, retryAfterMs: error.retryAfterMs }
  return { name, message, stack, code: typeof code === 'string' ? code : undefined, app: app || null }
}

export const unpackError = ({ name, message, stack, code, app }: PackedError): Error => {
  const known =
    app &&
    new AppError(app.code, message, {
      errors: app.errors,
      ...(app.retryAfterMs === null ? {} : { retryAfterMs: app.retryAfterMs }),
    })
  const error = known ?? Object.assign(new Error(message), { name }, code === undefined ? {} : { code })
  if (stack !== undefined) error.stack = stack
  return error
}
