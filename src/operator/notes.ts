import { hostOf } from '../core/callback-url.ts'
import type { OperatorNote } from '../core/operator-event.ts'
import type { Trouble } from '../core/trouble.ts'
import type { ChangedCallback } from '../store/store.ts'
import type { TelemetryEvent } from '../telemetry/emit.ts'

type Named = Pick<OperatorNote, 'condition' | 'subject'> & { details: NonNullable<OperatorNote['details']> }

/** What operators are told of a trouble; null: nothing, since an operator has made it, or the pages show it. */
export const conditionOf = (trouble: Trouble): Named | null => {
  switch (trouble.code) {
    case 'account_paused':
      return { condition: 'account.paused', subject: trouble.account, details: trouble }
    case 'upstream_unreachable':
      return { condition: 'upstream.unreachable', subject: trouble.account, details: trouble }
    case 'polls_late':
      return { condition: 'backlog.growing', subject: `poll ${trouble.account}`, details: trouble }
    case 'deliveries_late':
      return { condition: 'backlog.growing', subject: 'deliver', details: trouble }
    case 'node_lost':
      return { condition: 'node.lost', subject: trouble.node, details: trouble }
    case 'clock_wrong':
      return { condition: 'clock.wrong', subject: trouble.node, details: trouble }
    case 'disk_low':
      return { condition: 'disk.low', subject: 'disk', details: trouble }
    case 'backup_failed':
      return { condition: 'backup.failed', subject: 'backup', details: trouble }
    default:
      return null
  }
}

/** What only happens, and a check would not find; null: the event is none of that. */
export const noteOfEvent = ({ name, fields }: TelemetryEvent, at: number): OperatorNote | null => {
  switch (name) {
    case 'upstream.unknown_status': {
      const { accountId: account, status } = fields
      return { condition: name, subject: `${account} ${status}`, at, adds: 1, details: { account, status } }
    }
    case 'message.exhausted': {
      const { partnerId, host, httpStatus, error: kind, detail } = fields
      const error = httpStatus === null ? [kind, detail].filter(one => one !== null).join(' ') : `http_${httpStatus}`
      return { condition: name, subject: partnerId, at, adds: 1, details: { partnerId, host, error } }
    }
    default:
      return null
  }
}

/** All URLs of a host are one subject: the first that works again, or is enabled, ends what was told of it. */
export const notesOfTransition = (
  { partnerId, callbackUrl, transition, failingSince: since, lastError: error }: ChangedCallback,
  at: number,
): OperatorNote[] => {
  const host = hostOf(callbackUrl)
  const subject = `${partnerId} ${host}`
  const begun = { subject, at, adds: 1, details: { partnerId, host, since, error } }
  const over = { subject, at, adds: 0, details: null }
  switch (transition) {
    case 'failing':
      return [{ condition: 'callback.failing', ...begun }]
    case 'disabled':
      return [
        { condition: 'callback.failing', ...over },
        { condition: 'callback.disabled', ...begun },
      ]
    case 'recovered':
    case 'enabled':
      return [
        { condition: 'callback.failing', ...over },
        { condition: 'callback.disabled', ...over },
      ]
    default:
      throw transition satisfies never
  }
}
