import type { AttemptError } from '../core/message.ts'
import type { Exchange } from '../http-client/client.ts'
import type { Attempt } from '../store/messages/message.ts'
import { type Failure, type FailureCode, failureOf } from './failure.ts'

/** How an attempt ended. `answered` once the answer's headers were complete, even if the body failed. */
export type Outcome =
  | { kind: 'answered'; httpStatus: number; retryAfter: string | null; excerpt: string | null }
  | ({ kind: 'failed' } & Failure)

/** How much of an answer's body is kept. */
export const EXCERPT_BYTES = 1024

const HIGHEST_STATUS = 599
const COMPRESSED = '[compressed, not decoded]'

/** Controls but tab and newline, marks that reverse text or hide in it, and separators that some read as a new line. */
const HARMFUL = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n]]/gv

const decode = (body: Buffer): string =>
  // As a stream: without a character that the limit has cut in two.
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(body, { stream: body.length >= EXCERPT_BYTES })

/**
 * The beginning of an answer's body as text that can be stored, logged and shown (escaped as any text): valid UTF-8
 * without control characters. Null if there is no body; a compressed one is not decoded.
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

/** What a partner learns wherever it is, since it comes from a server at an address that may be called: the first that fits. */
const TOLD: readonly [AttemptError, RegExp][] = [
  ['certificate_expired', /^tls CERT_HAS_EXPIRED$/],
  ['certificate_wrong_name', /^tls ERR_TLS_CERT_ALTNAME_/],
  ['certificate_untrusted', /^tls .*(SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF))/],
  ['not_tls', /^tls ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/],
  ['tls', /^tls /],
  ['invalid_response', /^protocol /],
]
/** And these in the operator's own networks, where it is meant to reach its receivers. */
const TOLD_INSIDE: Partial<Record<FailureCode, AttemptError>> = {
  refused: 'refused',
  unreachable: 'unreachable',
  connect_timeout: 'connect_timeout',
  timeout: 'timeout',
  reset: 'reset',
}

/**
 * An attempt as its partner is told of it. Every other reason why no answer came (refused, timed out, not allowed, no such
 * name) is `no_response` with a rounded duration: a partner must not learn from it what our network looks like, or scan that of
 * somebody else. What only operators see stands behind it, see `toldOf`.
 */
export const attemptOf = (result: Outcome & { durationMs: number; isInside?: boolean }, at: number): Attempt => {
  if (result.kind === 'answered') {
    const { httpStatus, excerpt, durationMs } = result
    const outcome = httpStatus >= 200 && httpStatus < 300 ? 'delivered' : httpStatus === 410 ? 'gone' : 'rejected'
    return { at, outcome, httpStatus, error: null, durationMs, responseExcerpt: excerpt }
  }
  const found = TOLD.find(([, failures]) => failures.test(`${result.error} ${result.detail}`))
  const told = found?.[0] ?? (result.isInside ? TOLD_INSIDE[result.error] : null) ?? 'no_response'
  const durationMs =
    told === 'no_response' ? Math.max(1, Math.ceil(result.durationMs / ROUND_MS)) * ROUND_MS : result.durationMs
  // The code of net, tls or DNS, where there is one.
  const cause = result.detail !== null && /^[A-Z]\w+$/.test(result.detail) ? result.detail : result.error
  const error = told === cause ? told : `${told} ${cause}`
  return { at, outcome: 'failed', httpStatus: null, error, durationMs, responseExcerpt: null }
}
