import type { Observation } from '../core/alert.ts'
import type { Trouble } from '../core/trouble.ts'
import type { TelemetryEvent } from '../telemetry/emit.ts'

type Named = Pick<Observation, 'condition' | 'subject'> & { details: NonNullable<Observation['details']> }

/** Returns the condition of a trouble, or null if operators are not notified: they made it, or the pages show it. */
export const alertConditionOf = (trouble: Trouble): Named | null => {
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

/**
 * Returns the notes of an event that no check would find. All URLs of a host are one subject: the first that works
 * again, or is enabled, ends its alert.
 */
export const observationsOf = ({ name, fields }: TelemetryEvent, at: number): Observation[] => {
  switch (name) {
    case 'upstream.unknown_status': {
      const { accountId: account, status } = fields
      return [{ condition: name, subject: `${account} ${status}`, at, adds: 1, details: { account, status } }]
    }
    case 'message.exhausted': {
      const { partnerId, host, httpStatus } = fields
      const error = httpStatus === null ? (fields.error ?? '') : `http_${httpStatus}`
      return [{ condition: name, subject: partnerId, at, adds: 1, details: { partnerId, host, error } }]
    }
    case 'callback.failing':
    case 'callback.disabled':
    case 'callback.recovered':
    case 'callback.enabled': {
      const { partnerId, host, since, error } = fields
      const subject = `${partnerId} ${host}`
      const begun = { subject, at, adds: 1, details: { partnerId, host, since: Date.parse(since), error } }
      const over = { subject, at, adds: 0, details: null }
      if (name === 'callback.failing') return [{ condition: name, ...begun }]
      const notFailing: Observation = { condition: 'callback.failing', ...over }
      if (name === 'callback.disabled') return [notFailing, { condition: name, ...begun }]
      return [notFailing, { condition: 'callback.disabled', ...over }]
    }
    default:
      return []
  }
}
