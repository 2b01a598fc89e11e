import type { ErrorCode } from '../core/error.ts'
import type { Language, Words } from '../core/language.ts'
import { readRetryAfter } from '../core/retry-after.ts'
import type { Problem } from './shapes.ts'

/**
 * The code of the service's problem (`not_found`, `invalid_body`, `too_many_requests`, …; see `docs/problems.md`), or
 * why there is none: `network`, `timeout`, or `unexpected_response` for a response that is not the service's, such as a
 * proxy's page.
 */
export type NotifierErrorCode =
  | 'network'
  | 'timeout'
  | 'unexpected_response'
  | ErrorCode
  | 'method_not_allowed'
  | 'internal'
  | (string & {})

interface ErrorParts {
  status?: number
  problem?: Problem
  retryAfterMs?: number | null
  cause?: unknown
}

/** A call that failed, after all retries. It never holds the API key. */
export class NotifierError extends Error {
  override readonly name = 'NotifierError'
  readonly code: NotifierErrorCode
  /** The HTTP status; null if there was no response. */
  readonly status: number | null
  /** The problem as the service sent it. */
  readonly problem: Problem | null
  /** How long the service asks you to wait, in ms; null if it does not ask. */
  readonly retryAfterMs: number | null

  constructor(code: NotifierErrorCode, message: string, { status, problem, retryAfterMs, cause }: ErrorParts = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status ?? null
    this.problem = problem ?? null
    this.retryAfterMs = retryAfterMs ?? null
  }
}

/** A response whose body has been read. */
export interface Received {
  status: number
  headers: { get(name: string): string | null }
  text: string
}

/** Returns the JSON of a 2xx (undefined for 204). Throws a `NotifierError` for everything else. */
export const readAnswer = (
  { status, headers, text }: Received,
  { now, language }: { now: number; language: Language },
): unknown => {
  const json = status === 204 ? undefined : parse(text)
  if (status >= 200 && status < 300 && json !== null) return json
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), now)
  if (status < 400 || !isProblem(json))
    throw new NotifierError('unexpected_response', foreign(status)[language], { status, retryAfterMs })
  const code = json.type.slice(json.type.indexOf('#') + 1)
  throw new NotifierError(code, sentenceOf(json, language), { status, problem: json, retryAfterMs })
}

const MARKS = { en: { colon: ': ', between: '; ', before: ' ' }, zh: { colon: '：', between: '；', before: '' } }

const sentenceOf = ({ status, title, detail, errors = [] }: Problem, language: Language): string => {
  const { colon, between, before } = MARKS[language]
  const fields = errors.map(({ path, message }) => `${path}${colon}${message}`).join(between)
  return `${status} ${title}${colon}${detail}${fields === '' ? '' : before}${fields}`
}

const foreign = (status: number): Words => ({
  en: `${status}, and the answer is not idface-notifier's: is baseUrl right?`,
  zh: `${status}，且响应不是 idface-notifier 返回的：请检查 baseUrl。`,
})

/** Returns null for anything but JSON; the service never answers `null`. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isProblem = (json: unknown): json is Problem =>
  typeof json === 'object' &&
  json !== null &&
  ['type', 'title', 'detail'].every(name => typeof (json as Record<string, unknown>)[name] === 'string')
