import type { AccountChange } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import { silenceOf } from '../core/outage.ts'
import { isoTime } from '../core/show-time.ts'
import type { ClaimedAccount } from '../store/accounts/rows.ts'
import type { VerificationOutcome, VerificationSettlement } from '../store/verifications/verification.ts'
import type { Emit } from '../telemetry/emit.ts'

type AlertEmit = Emit<
  | 'account.paused'
  | 'account.resumed'
  | 'account.throttled'
  | 'upstream.unreachable'
  | 'upstream.back'
  | 'upstream.unknown_status'
  | 'upstream.unknown_code'
>

/** Maximum number of unknown statuses and codes that are reported. */
const MAX_REPORTED = 1_000

type PolledAccount = Pick<ClaimedAccount, 'id' | 'apiId' | 'pausedAt' | 'unreachableAt'>

/** Emits changes of an account, each outage once, and each unknown status and code once. */
export const createUpstreamAlerts = (emit: AlertEmit) => {
  const reported = new Set<string>()
  /** Accounts whose outage has been reported. */
  const outages = new Set<string>()
  const isNew = (...unknown: readonly unknown[]): boolean => {
    const key = JSON.stringify(unknown)
    if (reported.has(key) || reported.size >= MAX_REPORTED) return false
    reported.add(key)
    return true
  }

  /** @param polled the account as it was when the call was made */
  return (polled: PolledAccount, answer: Answer, change: AccountChange | null, now: number): void => {
    const { id: accountId, apiId: account, pausedAt, unreachableAt } = polled
    const named = { accountId, account }
    if (answer.kind === 'unknown_status' && isNew(accountId, 'status', answer.status))
      emit('upstream.unknown_status', { accountId, status: answer.status })
    if (answer.kind === 'transient' && answer.cause === 'unknown_code' && isNew(accountId, 'code', answer.code))
      emit('upstream.unknown_code', { accountId, code: answer.code })
    // Any answer ends the outage. After a restart, only the account records the outage.
    if (silenceOf(answer) === null && (outages.delete(accountId) || unreachableAt !== null))
      emit('upstream.back', named)
    switch (change?.kind) {
      case 'pause': {
        const { reason, code, probes, probeAt } = change
        const times = { since: isoTime(pausedAt ?? now), probeAt: isoTime(probeAt) }
        emit('account.paused', { ...named, reason, code, probes, ...times })
        break
      }
      case 'resume':
        emit('account.resumed', { ...named, rampRate: change.rampRate, rampAt: isoTime(change.rampAt) })
        break
      case 'throttle': {
        const { rampRate, rampAt, allowedAt } = change
        const times = { rampAt: isoTime(rampAt), allowedAt: isoTime(allowedAt) }
        emit('account.throttled', { ...named, rampRate, ...times })
        break
      }
      case 'unreachable':
        if (outages.has(accountId)) break
        outages.add(accountId)
        emit('upstream.unreachable', { ...named, error: change.error, since: isoTime(change.since) })
        break
      case 'back':
      case undefined:
        break
      default:
        change satisfies never
    }
  }
}

/** Emits a verdict and the registrations that ended, once they are recorded. */
export const createOutcomeReport =
  (emit: Emit<'verdict.found' | 'verdict.received' | 'registration.ended'>) =>
  (
    { apiId: account }: Pick<ClaimedAccount, 'apiId'>,
    { step, observedAt }: Pick<VerificationSettlement, 'step' | 'observedAt'>,
    { verdict, ended }: VerificationOutcome,
  ): void => {
    const status = step.verdict && (step.verdict.status === 'SUCCESS' ? 'succeeded' : 'failed')
    if (verdict && status) {
      const lagMs = verdict.previousPollAt === null ? null : since(verdict.previousPollAt, observedAt)
      emit('verdict.found', { account, status, registrations: ended.length, lagMs })
    }
    for (const { registrationId, partnerId, createdAt, reason } of ended) {
      const end = reason === null ? 'verdict' : 'unresolved'
      if (reason === null && status) emit('verdict.received', { partnerId, status })
      emit('registration.ended', { registrationId, partnerId, end, reason, ageMs: since(createdAt, observedAt) })
    }
  }

/** Never negative: the clock may have been set back in between. */
const since = (from: number, to: number): number => Math.max(0, to - from)
