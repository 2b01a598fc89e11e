import type { Answer, TransientCause } from '../../core/answer.ts'

const ANSWERS = {
  waiting: 'pending',
  verdict: 'verdict',
  unknown_status: 'unknown',
  not_found: 'not_found',
  invalid_id: 'invalid',
  throttled: 'throttled',
  account: 'refused',
  clock: 'refused',
} as const satisfies Record<Exclude<Answer['kind'], 'transient'>, string>
const CAUSES = {
  upstream_error: 'server_error',
  http_status: 'server_error',
  unknown_code: 'unknown',
  no_result: 'invalid',
  unparseable: 'invalid',
  too_large: 'invalid',
  unreachable: 'network',
  timeout: 'timeout',
} as const satisfies Record<TransientCause, string>

export const POLL_ANSWERS = [...new Set([...Object.values(ANSWERS), ...Object.values(CAUSES)])]
type PollAnswer = (typeof POLL_ANSWERS)[number]

/** @param poll.cause null unless the kind is `transient` */
export const pollAnswerOf = ({ kind, cause }: { kind: Answer['kind']; cause: TransientCause | null }): PollAnswer =>
  kind === 'transient' ? CAUSES[cause ?? 'unparseable'] : ANSWERS[kind]

export const ATTEMPT_OUTCOMES = [
  'ok',
  'http_3xx',
  'http_4xx',
  'http_429',
  'http_5xx',
  'timeout',
  'dns',
  'refused',
  'tls',
  'network',
  'blocked',
] as const
type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number]

/** By the code of a failure; any other is `network`. */
const FAILURES: ReadonlyMap<string | null, AttemptOutcome> = new Map<string, AttemptOutcome>([
  ['url', 'blocked'],
  ['blocked', 'blocked'],
  ['dns', 'dns'],
  ['refused', 'refused'],
  ['tls', 'tls'],
  ['timeout', 'timeout'],
  ['connect_timeout', 'timeout'],
])

/** @param attempt.error null if there was a response, whose status is `httpStatus` */
export const attemptOutcomeOf = ({
  httpStatus,
  error,
}: {
  httpStatus: number | null
  error: string | null
}): AttemptOutcome => {
  if (httpStatus === null) return FAILURES.get(error) ?? 'network'
  if (httpStatus === 429) return 'http_429'
  if (httpStatus >= 500) return 'http_5xx'
  if (httpStatus >= 400) return 'http_4xx'
  return httpStatus >= 300 ? 'http_3xx' : 'ok'
}
