import { ALERT_TYPES } from '../../core/alert.ts'
import { ATTEMPT_ORIGINS, MESSAGE_ENDS } from '../../core/message.ts'
import { REASONS } from '../../core/verification.ts'
import type { EventFields } from '../emit.ts'
import { counter, type EventMetric, histogram } from './declaration.ts'
import { ATTEMPT_OUTCOMES, attemptOutcomeOf, POLL_ANSWERS, pollAnswerOf } from './outcomes.ts'

const ACCOUNT = { from: 'accounts' } as const
const REQUEST = { route: { from: 'routes' }, method: { from: 'methods' }, code: { from: 'statuses' } } as const

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

type Answered = EventFields['request.answered']

/** Counts each response of the API, to any caller. */
const onAnswer = <Counted>(count: (answered: Answered) => Counted) => ({
  'request.answered': count,
  'stranger.refused': count,
  'probe.answered': count,
})

const requestOf = ({ route, method, status }: Answered) => ({
  route,
  method: METHODS.has(method) ? method : 'other',
  code: String(status),
})

type Attempted = EventFields['delivery.attempted']

/** Counts an attempt only if one was made. */
const ifSent =
  <Counted>(count: (attempt: Attempted) => Counted) =>
  (attempt: Attempted): Counted | null =>
    attempt.outcome === 'not_sent' ? null : count(attempt)

export const HTTP_REQUESTS = counter('idface_http_requests_total', 'Requests that the API has answered.', {
  labels: REQUEST,
  on: onAnswer(requestOf),
})

export const EVENT_METRICS: readonly EventMetric[] = [
  counter('idface_registrations_total', 'Registrations, by the answer to the partner.', {
    labels: { result: ['created', 'same', 'conflict', 'refused'] },
    on: { 'registration.answered': ({ answer }) => ({ result: answer }) },
  }),
  counter('idface_polls_total', 'Calls of GetResult, by the class of their answer.', {
    labels: { account: ACCOUNT, answer: POLL_ANSWERS },
    on: { 'poll.answered': poll => ({ account: poll.accountId, answer: pollAnswerOf(poll) }) },
  }),
  histogram('idface_poll_duration_seconds', 'Duration of calls of GetResult.', {
    labels: { account: ACCOUNT },
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    on: { 'poll.answered': ({ accountId, durationMs }) => ({ account: accountId, ms: durationMs }) },
  }),
  counter('idface_verdicts_total', 'Verdicts, each counted once, however many registrations wait for it.', {
    labels: { status: ['succeeded', 'failed'] },
    on: { 'verdict.found': ({ status }) => ({ status }) },
  }),
  counter('idface_unresolved_total', 'Registrations that ended without a verdict, by reason.', {
    labels: { reason: REASONS },
    on: { 'registration.ended': ({ reason }) => reason && { reason } },
  }),
  histogram(
    'idface_detection_lag_seconds',
    'Time from the last poll that showed a check open to the one that saw its verdict.',
    {
      buckets: [0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600],
      on: { 'verdict.found': ({ lagMs }) => (lagMs === null ? null : { ms: lagMs }) },
    },
  ),
  histogram('idface_verdict_age_seconds', 'Time from a registration to its verdict.', {
    buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400],
    on: { 'registration.ended': ({ end, ageMs }) => (end === 'verdict' ? { ms: ageMs } : null) },
  }),
  histogram('idface_delivery_lag_seconds', 'Time from the due time of a webhook to its attempt.', {
    labels: { attempt: ATTEMPT_ORIGINS },
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 240, 300, 600, 900, 1_800, 3_600],
    on: { 'delivery.attempted': ifSent(({ origin, lagMs }) => ({ attempt: origin, ms: lagMs })) },
  }),
  histogram(
    'idface_notification_duration_seconds',
    "Time from the storing of a verdict to the 2xx of the partner's receiver.",
    {
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400],
      on: { 'message.delivered': ({ ageMs }) => ({ ms: ageMs }) },
    },
  ),
  counter('idface_attempts_total', 'Attempts to send a webhook, by outcome.', {
    labels: { outcome: ATTEMPT_OUTCOMES },
    on: { 'delivery.attempted': ifSent(attempt => ({ outcome: attemptOutcomeOf(attempt) })) },
  }),
  histogram('idface_attempt_duration_seconds', 'Duration of attempts to send a webhook.', {
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
    on: { 'delivery.attempted': ifSent(({ durationMs }) => ({ ms: durationMs })) },
  }),
  counter('idface_messages_total', 'Webhooks, by how they ended; one that is resent ends again.', {
    labels: { end: MESSAGE_ENDS },
    on: {
      'message.delivered': () => ({ end: 'delivered' }),
      'message.exhausted': ({ end }) => ({ end }),
      'message.cancelled': () => ({ end: 'cancelled' }),
    },
  }),
  counter('idface_operator_events_total', 'Events of alerts, by the result of their notices.', {
    labels: { type: ALERT_TYPES, result: ['sent', 'merged', 'dropped', 'failed'] },
    on: { 'operator_event.ended': ({ type, outcome }) => ({ type, result: outcome }) },
  }),
  counter('idface_unknown_statuses_total', 'Answers of GetResult with an undocumented status.', {
    labels: { account: ACCOUNT },
    on: { 'poll.answered': ({ kind, accountId }) => (kind === 'unknown_status' ? { account: accountId } : null) },
  }),
  HTTP_REQUESTS,
  histogram('idface_http_request_duration_seconds', 'Duration of requests to the API.', {
    labels: REQUEST,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60],
    on: onAnswer(answered => ({ ...requestOf(answered), ms: answered.durationMs })),
  }),
  counter('idface_rate_limited_total', 'Requests answered 429, by the rate that they exceeded.', {
    labels: { by: ['key', 'address'] },
    on: onAnswer(({ status, partnerId }) =>
      status === 429 ? ({ by: partnerId === null ? 'address' : 'key' } as const) : null,
    ),
  }),
]
