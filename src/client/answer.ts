import { readRetryAfter } from '../core/retry-after.ts'
import { NotifierError } from './error.ts'
import type { Problem } from './shapes.ts'

/** A response whose body has been read. */
export interface Received {
  status: number
  headers: { get(name: string): string | null }
  text: string
}

export type Read = { ok: true; value: unknown } | { ok: false; error: NotifierError }

/** The JSON of a 2xx (undefined for 204), or what went wrong. */
export const readAnswer = ({ status, headers, text }: Received, now: number): Read => {
  const json = status === 204 ? undefined : parse(text)
  if (status >= 200 && status < 300 && json !== null) return { ok: true, value: json }
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), now)
  if (status >= 400 && isProblem(json)) {
    const fields = json.errors?.map(({ path, message }) => ` ${path}: ${message}`).join(';') ?? ''
    const message = `${json.status} ${json.title}: ${json.detail}${fields}`
    const code = json.type.slice(json.type.indexOf('#') + 1)
    return { ok: false, error: new NotifierError(code, message, { status, problem: json, retryAfterMs }) }
  }
  const message = `${status}, and the answer is not one of idface-notifier: is baseUrl right?`
  return { ok: false, error: new NotifierError('unexpected_response', message, { status, retryAfterMs }) }
}

/** Null for what is no JSON; the service never answers `null`. */
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
