import type { AttemptError } from '../core/message.ts'
import type { Exchange } from '../http-client/client.ts'
import type { Attempt } from '../store/messages/message.ts'
import { type Failure, type FailureCode, failureOf } from './failure.ts'

/** Result of one request. `answered` once the response headers are complete, even if the body fails. */
export type Outcome =
  | { kind: 'answered'; httpStatus: number; retryAfter: string | null; excerpt: string | null }
  | ({ kind: 'failed' } & Failure)

/** Maximum size of the stored part of a response body. */
export const EXCERPT_BYTES = 1024

const HIGHEST_STATUS = 599
const COMPRESSED = '[compressed, not decoded]'

/** Control characters except tab and newline, invisible and text-reversing marks, and line and paragraph separators. */
const HARMFUL = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n]]/gv

const decode = (body: Buffer): string =>
  // `stream`: drops a character that the limit has cut in two.
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(body, { stream: body.length >= EXCERPT_BYTES })

/**
 * Returns the beginning of a response body as text that is safe to store, log and show (escaped as usual): valid UTF-8
 * without control characters. Returns null for an empty body. A compressed body is not decoded.
 */
export const readExcerpt = (body: Buffer, contentEncoding: string | null): string | null => {
  if (body.length === 0) return null
  if (contentEncoding !== null && contentEncoding.trim().toLowerCase() !== 'identity') return COMPRESSED
  return decode(body).replaceAll('\r\n', '\n').replace(HARMFUL, '\ufffd')
}

export const outcomeOf = ({ head, body, fault }: Exchange): Outcome => {
  if (head === null) return { kind: 'failed', ...(fault ? failureOf(fault) : { error: 'protocol', detail: null }) }
  const { status, headers } = head
  if (status > HIGHEST_STATUS) return { kind: 'failed', error: 'protocol', detail: 'status' }
  const location = status >= 300 && status < 400 ? headers.get('location')?.slice(0, EXCERPT_BYTES) : undefined
  const shown = location ? Buffer.concat([Buffer.from(`Location: ${location}\n`, 'latin1'), body]) : body
  return {
    kind: 'answered',
    httpStatus: status,
    retryAfter: headers.get('retry-after') ?? null,
    excerpt: readExcerpt(shown, headers.get('content-encoding') ?? null),
  }
}

const ROUND_MS = 100

/** Errors disclosed for every receiver, as they come from a server at a permitted address. The first match counts. */
const DISCLOSED: readonly [AttemptError, RegExp][] = [
  ['certificate_expired', /^tls CERT_HAS_EXPIRED$/],
  ['certificate_wrong_name', /^tls ERR_TLS_CERT_ALTNAME_/],
  ['certificate_untrusted', /^tls .*(SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF))/],
  ['not_tls', /^tls ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/],
  ['tls', /^tls /],
  ['invalid_response', /^protocol /],
]
/** Errors disclosed only for receivers in the operator's own networks, for which they help. */
const DISCLOSED_INSIDE: Partial<Record<FailureCode, AttemptError>> = {
  refused: 'refused',
  unreachable: 'unreachable',
  connect_timeout: 'connect_timeout',
  timeout: 'timeout',
  reset: 'reset',
}

/**
 * Returns the attempt as it is stored. Failures outside `DISCLOSED` and `DISCLOSED_INSIDE` (refused, timed out, not allowed, no
 * such name) are `no_response` with a rounded duration: a partner must not learn our network's layout, or scan another
 * network. The cause for operators is appended to `error`; `publicErrorOf` removes it.
 */
export const attemptOf = (result: Outcome & { durationMs: number; isInside?: boolean }, at: number): Attempt => {
  if (result.kind === 'answered') {
    const { httpStatus, excerpt, durationMs } = result
    const outcome = httpStatus >= 200 && httpStatus < 300 ? 'delivered' : httpStatus === 410 ? 'gone' : 'rejected'
    return { at, outcome, httpStatus, error: null, durationMs, responseExcerpt: excerpt, origin: null }
  }
  const found = DISCLOSED.find(([, failures]) => failures.test(`${result.error} ${result.detail}`))
  const told = found?.[0] ?? (result.isInside ? DISCLOSED_INSIDE[result.error] : null) ?? 'no_response'
  const durationMs =
    told === 'no_response' ? Math.max(1, Math.ceil(result.durationMs / ROUND_MS)) * ROUND_MS : result.durationMs
  // The error code of net, tls or DNS, if any.
  const cause = result.detail !== null && /^[A-Z]\w+$/.test(result.detail) ? result.detail : result.error
  const error = told === cause ? told : `${told} ${cause}`
  return { at, outcome: 'failed', httpStatus: null, error, durationMs, responseExcerpt: null, origin: null }
}
