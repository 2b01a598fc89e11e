import type { Observation } from '../core/alert.ts'
import type { TelemetryEvent } from '../telemetry/emit.ts'

/**
 * Returns the observations of an event that no check would find. All URLs of a host are one subject: the first that works
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
