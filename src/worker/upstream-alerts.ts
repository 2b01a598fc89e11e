import type { Answer } from '../core/answer.ts'
import type { Log } from '../telemetry/log.ts'

/** What an operator should see once, not once a call: statuses and codes that are in no table. */
export const createUpstreamAlerts = (log: Pick<Log, 'warn'>) => {
  const seen = new Set<string>()
  return {
    after: (accountId: string, answer: Answer) => {
      const what =
        answer.kind === 'unknown_status'
          ? { event: 'upstream.unknown_status', fields: { accountId, status: answer.status } }
          : answer.kind === 'transient' && answer.cause === 'unknown_code'
            ? { event: 'upstream.unknown_code', fields: { accountId, code: answer.code } }
            : null
      if (what === null) return
      const key = JSON.stringify(what)
      if (seen.has(key) || seen.size >= 1_000) return
      seen.add(key)
      log.warn(what.event, what.fields)
    },
  }
}
