/** The verdict on a person, as GetResult sent it. An empty score is null, never 0. */
export interface Verdict {
  status: 'SUCCESS' | 'FAIL'
  message: string | null
  livingScore: string | null
  similarity: string | null
}

/** Why an account cannot be used, as `explain`, the log and the pause show it. */
export const ACCOUNT_FAULTS = [
  'egress_ip',
  'credentials_missing',
  'app_missing',
  'credentials_wrong',
  'frozen',
  'clock',
  'password_refused',
  'no_contract',
  'password_or_balance',
  'serial_not_received',
  'unknown_code',
] as const
export type AccountFault = (typeof ACCOUNT_FAULTS)[number]

/** How a call failed without saying anything about the serial. */
export type TransientCause =
  | 'upstream_error' // codes 0 and 1
  | 'unknown_code' // a code that is in no table
  | 'no_result' // code 2 without a usable result
  | 'unreachable' // DNS, connect, TLS, reset
  | 'timeout'
  | 'http_status' // 5xx, a redirect, any other status that is not 200
  | 'unparseable' // HTML, cut JSON, no code
  | 'too_large'

/** A classified response of GetResult: the whole code table of the upstream as one union. */
export type Answer =
  | { kind: 'verdict'; code: 2; verdict: Verdict }
  | { kind: 'waiting'; code: 2; status: string }
  | { kind: 'unknown_status'; code: 2; status: string }
  | { kind: 'not_found'; code: 4061 }
  | { kind: 'invalid_id'; code: 4060 }
  /** `detail` is for the operator: an error code, an HTTP status or a media type, never other text from upstream. */
  | { kind: 'transient'; code: number | null; cause: TransientCause; detail?: string }
  | { kind: 'throttled'; code: number | null; retryAfterMs: number | null }
  | { kind: 'account'; code: number; fault: AccountFault }
  | { kind: 'clock'; code: 40501 | 40502 }

/** The fields of a GetResult body that are used, parsed but not validated; an absent one is null or undefined. */
export type AnswerFields = Readonly<Record<'code' | 'status' | 'message' | 'livingScore' | 'similarity', unknown>>

const MESSAGE_LENGTH = 200
const STATUS_LENGTH = 64
const SCORE_LENGTH = 64

/** Link issued; link opened; not begun. Only the first is documented; the others come from the provider behind the API. */
const WAITING = new Set(['ING', 'SCAN', 'INIT'])

/** Whether the status is known to mean that no verdict exists yet. */
export const isWaitingStatus = (status: string): boolean => WAITING.has(status.toUpperCase())

/**
 * Turns untrusted text into a string that every database, log and JSON reader accepts: at most `length` UTF-16 units,
 * no control characters, no lone surrogates. Returns null for blank text, and for anything but text or a number.
 */
const readText = (value: unknown, length: number): string | null => {
  if (typeof value !== 'string') return typeof value === 'number' ? String(value) : null
  // The cut may have split a surrogate pair.
  const cut = value
    .trim()
    .slice(0, length)
    .replace(/[\uD800-\uDBFF]$/, '')
  const clean = cut.replace(/[\t\n\r]/g, ' ')
  return clean.replace(/\p{Cc}/gu, '\uFFFD').toWellFormed() || null
}

/** A whole number, sent as a number or as digits. Text is read strictly: `2.0`, `02` and `0x2` are null. */
const readCode = (value: unknown): number | null => {
  const code = typeof value === 'string' && /^(0|-?[1-9]\d*)$/.test(value.trim()) ? Number(value) : value
  return typeof code === 'number' && Number.isSafeInteger(code) ? code : null
}

/** Code 2 says that the query worked; the status says something about the person. */
const readStatus = (fields: AnswerFields): Answer => {
  const status = readText(fields.status, STATUS_LENGTH)
  if (status === null) return { kind: 'transient', code: 2, cause: 'no_result' }
  // A verdict is final, so it must be spelt as documented. `success` becomes an unknown status, for an operator to
  // check.
  if (status === 'SUCCESS' || status === 'FAIL') {
    const message = readText(fields.message, MESSAGE_LENGTH)
    const livingScore = readText(fields.livingScore, SCORE_LENGTH)
    const similarity = readText(fields.similarity, SCORE_LENGTH)
    return { kind: 'verdict', code: 2, verdict: { status, message, livingScore, similarity } }
  }
  // Both kinds are polled again, so the case of the waiting words does not matter.
  return { kind: isWaitingStatus(status) ? 'waiting' : 'unknown_status', code: 2, status }
}

/** Codes about the account. Of the others, 1 and 408x appear only in the vendor's examples and other documents. */
const FAULTS: ReadonlyMap<number, AccountFault> = new Map<number, AccountFault>([
  [400, 'egress_ip'],
  [401, 'credentials_missing'],
  [402, 'credentials_missing'],
  [403, 'app_missing'],
  [405, 'credentials_wrong'],
  [4050, 'frozen'],
  [40505, 'no_contract'],
  [4051, 'password_or_balance'],
  [4052, 'egress_ip'],
])

/**
 * Classifies a GetResult body by its code and, for code 2, its status; never by `msg` or `message`, whose wording
 * changes. A body that cannot be understood is transient: it says nothing about the person.
 */
export const readAnswer = (fields: AnswerFields): Answer => {
  const code = readCode(fields.code)
  if (code === null) return { kind: 'transient', code, cause: 'unparseable' }
  if (code === 2) return readStatus(fields)
  if (code === 4060) return { kind: 'invalid_id', code }
  if (code === 4061) return { kind: 'not_found', code }
  if (code === 40501 || code === 40502) return { kind: 'clock', code }
  if (code >= 4080 && code <= 4089) return { kind: 'throttled', code, retryAfterMs: null }
  const fault = FAULTS.get(code)
  if (fault) return { kind: 'account', code, fault }
  return { kind: 'transient', code, cause: code === 0 || code === 1 ? 'upstream_error' : 'unknown_code' }
}

const CHECK_STATES: Partial<Record<Answer['kind'], 'complete' | 'open'>> = {
  verdict: 'complete',
  waiting: 'open',
  unknown_status: 'open',
  not_found: 'open',
}

/** State of the person's check that an answer shows, or null if it shows none. */
export const checkStateOf = ({ kind }: Pick<Answer, 'kind'>): 'complete' | 'open' | null => CHECK_STATES[kind] ?? null
