import type { AccountFault, Answer, TransientCause } from '../../src/core/answer.ts'
import type { Script } from '../../src/simulator/script.ts'

/** An answer of GetResult, as the simulator gives it, and its class. */
interface Odd {
  name: string
  script: Script
  answer: Answer
}

const transient = (cause: TransientCause, code: number | null = null): Answer => ({ kind: 'transient', code, cause })
const withDetail = (cause: TransientCause, detail: string): Answer => ({ kind: 'transient', code: null, cause, detail })
const json = (result: string): Script => ({ body: `{"code":2,"msg":"查询成功"${result}}` })

/** Answers that say nothing about the serial, and are no fault of the account. */
export const TROUBLES: readonly Odd[] = [
  { name: 'code 0', script: { code: 0 }, answer: transient('upstream_error', 0) },
  { name: 'code 1', script: { code: 1, format: 'xml' }, answer: transient('upstream_error', 1) },
  { name: 'an unknown code', script: { code: 4999 }, answer: transient('unknown_code', 4999) },
  { name: 'no result', script: json(''), answer: transient('no_result', 2) },
  { name: 'result null', script: json(',"result":null'), answer: transient('no_result', 2) },
  { name: 'result ""', script: json(',"result":""'), answer: transient('no_result', 2) },
  { name: 'result []', script: json(',"result":[]'), answer: transient('no_result', 2) },
  { name: 'an empty status', script: { status: '', format: 'xml' }, answer: transient('no_result', 2) },
  { name: 'cut JSON', script: { fault: 'cut' }, answer: withDetail('unparseable', 'application/json') },
  {
    name: 'bytes that are no text',
    script: { fault: 'badUtf8' },
    answer: withDetail('unparseable', 'application/json'),
  },
  { name: 'a web page with 200', script: { http: 200 }, answer: withDetail('unparseable', 'text/html') },
  { name: 'over 64 KiB', script: { fault: 'huge' }, answer: withDetail('too_large', 'application/json') },
  { name: '502', script: { http: 502 }, answer: withDetail('http_status', '502') },
  { name: 'a reset', script: { fault: 'reset' }, answer: withDetail('unreachable', 'ECONNRESET') },
  { name: '4081', script: { code: 4081 }, answer: { kind: 'throttled', code: 4081, retryAfterMs: null } },
  {
    name: '429 with Retry-After',
    script: { http: 429, retryAfter: '20' },
    answer: { kind: 'throttled', code: null, retryAfterMs: 20_000 },
  },
  {
    name: '503 with Retry-After',
    script: { http: 503, retryAfter: '5' },
    answer: { kind: 'throttled', code: null, retryAfterMs: 5_000 },
  },
]

const fault = (code: number, fault: AccountFault): Odd => ({
  name: String(code),
  script: { code },
  answer: { kind: 'account', code, fault },
})

/** Answers that refuse the whole account. */
export const REFUSALS: readonly Odd[] = [
  fault(400, 'egress_ip'),
  fault(401, 'credentials_missing'),
  fault(402, 'credentials_missing'),
  fault(403, 'app_missing'),
  fault(405, 'credentials_wrong'),
  fault(4050, 'frozen'),
  fault(40501, 'clock'),
  fault(40502, 'password_refused'),
  fault(40505, 'no_contract'),
  fault(4051, 'password_or_balance'),
  fault(4052, 'egress_ip'),
]
