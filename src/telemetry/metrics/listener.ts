import type { Answer, TransientCause } from '../../core/answer.ts'
import type { Listener } from '../emit.ts'
import type { EventMetrics } from './event-metrics.ts'

export const POLL_ANSWERS = [
  'pending',
  'verdict',
  'unknown',
  'not_found',
  'refused',
  'throttled',
  'server_error',
  'timeout',
  'network',
  'invalid',
] as const
type PollAnswer = (typeof POLL_ANSWERS)[number]

const ANSWERS: Readonly<Record<Exclude<Answer['kind'], 'transient'>, PollAnswer>> = {
  verdict: 'verdict',
  waiting: 'pending',
  unknown_status: 'unknown',
  not_found: 'not_found',
  invalid_id: 'invalid',
  throttled: 'throttled',
  account: 'refused',
  clock: 'refused',
}
const CAUSES: Readonly<Record<TransientCause, PollAnswer>> = {
  upstream_error: 'server_error',
  http_status: 'server_error',
  unknown_code: 'unknown',
  no_result: 'invalid',
  unparseable: 'invalid',
  too_large: 'invalid',
  unreachable: 'network',
  timeout: 'timeout',
}

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

/** @param attempt.error null where there was an answer, which has then the status */
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

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const NO_LABELS = {}

interface ListenerDeps {
  metrics: Pick<EventMetrics, 'count' | 'observe'>
  addAccount: (account: string) => void
  onCall: (account: string) => void
}

/** Counts what happens. What an event counts for stands here, and nowhere else. */
export const createMetricsListener = ({ metrics: { count, observe }, addAccount, onCall }: ListenerDeps): Listener =>
  function countEvent({ name, fields }) {
    switch (name) {
      case 'registration.answered':
        return count('registrations', { result: fields.answer })
      case 'registration.ended':
        if (fields.reason !== null) count('unresolved', { reason: fields.reason })
        if (fields.end === 'verdict') observe('verdictAge', NO_LABELS, fields.ageMs)
        return
      case 'poll.answered': {
        const account = fields.accountId
        addAccount(account)
        onCall(account)
        count('polls', { account, answer: pollAnswerOf(fields) })
        observe('pollDuration', { account }, fields.durationMs)
        if (fields.kind === 'unknown_status') count('unknownStatuses', { account })
        return
      }
      case 'verdict.found':
        count('verdicts', { status: fields.status })
        if (fields.lagMs !== null) observe('detectionLag', NO_LABELS, fields.lagMs)
        return
      case 'delivery.attempted':
        // No attempt has been made.
        if (fields.outcome === 'not_sent') return
        count('attempts', { outcome: attemptOutcomeOf(fields) })
        observe('attemptDuration', NO_LABELS, fields.durationMs)
        observe('deliveryLag', { attempt: fields.origin }, fields.lagMs)
        return
      case 'message.delivered':
        count('messages', { end: 'delivered' })
        observe('notificationDuration', NO_LABELS, fields.ageMs)
        return
      case 'message.exhausted':
        return count('messages', { end: fields.end })
      case 'operator_event.ended':
        return count('operatorEvents', { type: fields.type, result: fields.outcome })
      case 'message.cancelled':
        return count('messages', { end: 'cancelled' })
      case 'request.answered':
      case 'stranger.refused':
      case 'probe.answered': {
        const { route, status, partnerId } = fields
        const method = METHODS.has(fields.method) ? fields.method : 'other'
        const labels = { route, method, code: String(status) }
        count('httpRequests', labels)
        observe('httpRequestDuration', labels, fields.durationMs)
        if (status === 429) count('rateLimited', { by: partnerId === null ? 'address' : 'key' })
        return
      }
      default:
        return
    }
  }
