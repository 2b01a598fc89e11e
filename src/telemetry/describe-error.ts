import { AppError, codeOf, StartError } from '../core/error.ts'
import { maskSerial } from '../core/registration.ts'

/** The part of an error that can hold neither a URL, nor a row, nor a secret. */
export interface ErrorDescription {
  name: string
  code?: string | number
  message?: string
}

const MAX_MESSAGE = 300

/**
 * Returns the loggable part of an error. Drivers put parameters, rows and URLs into their messages, so only our own
 * errors and those of the language keep theirs. An error without a code gets the code of its cause.
 */
export const describeError = (error: unknown): ErrorDescription => {
  if (!(error instanceof Error)) return { name: `Thrown ${typeof error}` }
  const name = error.name === 'Error' ? error.constructor.name : error.name
  const code = plainCodeOf(error) ?? plainCodeOf(error.cause)
  const described: ErrorDescription = { name: isPlain(name) ? name : 'Error', ...(code === null ? {} : { code }) }
  return hasSafeMessage(error) ? { ...described, message: shorten(error.message) } : described
}

const isPlain = (text: string): boolean => /^[\w.-]{1,64}$/.test(text)

const plainCodeOf = (error: unknown): string | number | null => {
  const code = codeOf(error)
  return typeof code === 'string' && !isPlain(code) ? null : code
}

/** A subclass or an extra property means that a library made the error. A SyntaxError quotes the text it could not parse. */
const hasSafeMessage = (error: Error): boolean =>
  error instanceof AppError ||
  error instanceof StartError ||
  ([Error, TypeError, RangeError, ReferenceError].some(kind => error.constructor === kind) &&
    Object.keys(error).length === 0)

const shorten = (message: string): string =>
  message
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/\S*/gi, '[url]')
    .replaceAll(/\d{6,}/g, maskSerial)
    .slice(0, MAX_MESSAGE)
