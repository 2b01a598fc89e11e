import type { Listener } from '../emit.ts'
import type { EventMetrics } from './event-metrics.ts'
import { attemptOutcomeOf, pollAnswerOf } from './outcomes.ts'

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
