import type { AccountChange } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import type { Emit } from '../telemetry/emit.ts'

type AlertEmit = Emit<
  'account.paused' | 'account.resumed' | 'account.throttled' | 'upstream.unknown_status' | 'upstream.unknown_code'
>

/** Further statuses and codes are not reported. */
const MOST_SEEN = 1_000

/** Reports changes of an account, and each unknown status and code once. */
export const createUpstreamAlerts = (emit: AlertEmit) => {
  const seen = new Set<string>()
  const isNew = (key: string): boolean => {
    if (seen.has(key) || seen.size >= MOST_SEEN) return false
    seen.add(key)
    return true
  }

  const emitUnknown = (accountId: string, answer: Answer): void => {
    if (answer.kind === 'unknown_status') {
      const { status } = answer
      if (isNew(JSON.stringify([accountId, 'status', status]))) emit('upstream.unknown_status', { accountId, status })
    } else if (answer.kind === 'transient' && answer.cause === 'unknown_code') {
      const { code } = answer
      if (isNew(JSON.stringify([accountId, 'code', code]))) emit('upstream.unknown_code', { accountId, code })
    }
  }

  const emitChange = (accountId: string, change: AccountChange): void => {
    if (change.kind === 'pause') {
      const { reason, code, probes, probeAt } = change
      emit('account.paused', { accountId, reason, code, probes, probeAt })
    } else if (change.kind === 'resume') {
      emit('account.resumed', { accountId, rampRate: change.rampRate, rampAt: change.rampAt })
    } else {
      const { rampRate, rampAt, allowedAt } = change satisfies { kind: 'throttle' }
      emit('account.throttled', { accountId, rampRate, rampAt, allowedAt })
    }
  }

  return {
    after: (accountId: string, answer: Answer, change: AccountChange | null): void => {
      emitUnknown(accountId, answer)
      if (change) emitChange(accountId, change)
    },
  }
}
