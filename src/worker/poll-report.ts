import type { AccountChange } from '../core/account.ts'
import type { Answer } from '../core/answer.ts'
import { silenceOf } from '../core/outage.ts'
import { isoTime } from '../core/show-time.ts'
import type { ClaimedAccount, VerificationOutcome, VerificationSettlement } from '../store/store.ts'
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

/** Further statuses and codes are not reported. */
const MOST_SEEN = 1_000

type Asked = Pick<ClaimedAccount, 'id' | 'apiId' | 'pausedAt' | 'unreachableAt'>

/** Reports changes of an account, an outage once, and each unknown status and code once. */
export const createUpstreamAlerts = (emit: AlertEmit) => {
  const seen = new Set<string>()
  /** Accounts whose outage has been reported. */
  const outages = new Set<string>()
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

  const emitOutage = (
    { accountId, account }: { accountId: string; account: string },
    { error, since }: Extract<AccountChange, { kind: 'unreachable' }>,
  ): void => {
    if (outages.has(accountId)) return
    outages.add(accountId)
    emit('upstream.unreachable', { accountId, account, error, since: isoTime(since) })
  }

  const emitChange = ({ id: accountId, apiId: account, pausedAt }: Asked, change: AccountChange, now: number): void => {
    switch (change.kind) {
      case 'pause': {
        const { reason, code, probes, probeAt } = change
        const times = { since: isoTime(pausedAt ?? now), probeAt: isoTime(probeAt) }
        emit('account.paused', { accountId, account, reason, code, probes, ...times })
        return
      }
      case 'resume':
        emit('account.resumed', { accountId, account, rampRate: change.rampRate, rampAt: isoTime(change.rampAt) })
        return
      case 'throttle': {
        const { rampRate, rampAt, allowedAt } = change
        const until = { rampAt: isoTime(rampAt), allowedAt: isoTime(allowedAt) }
        emit('account.throttled', { accountId, account, rampRate, ...until })
        return
      }
      case 'unreachable':
        emitOutage({ accountId, account }, change)
        return
      case 'back':
        return
      default:
        change satisfies never
    }
  }

  /** Whatever the answer says, there is one; after a restart only the account knows of the outage. */
  const emitBack = ({ id: accountId, apiId: account, unreachableAt }: Asked, answer: Answer): void => {
    if (silenceOf(answer) !== null) return
    if (outages.delete(accountId) || unreachableAt !== null) emit('upstream.back', { accountId, account })
  }

  /** @param account as it was when the call was made */
  return (account: Asked, answer: Answer, change: AccountChange | null, now: number): void => {
    emitUnknown(account.id, answer)
    emitBack(account, answer)
    if (change) emitChange(account, change, now)
  }
}

/** Tells of a verdict and of what has ended with it, once that is recorded. */
export const createOutcomeReport =
  (emit: Emit<'verdict.found' | 'registration.ended'>) =>
  (
    { apiId: account }: Pick<ClaimedAccount, 'apiId'>,
    { step, observedAt }: Pick<VerificationSettlement, 'step' | 'observedAt'>,
    { verdict, ended }: VerificationOutcome,
  ): void => {
    if (verdict && step.verdict) {
      const status = step.verdict.status === 'SUCCESS' ? 'succeeded' : 'failed'
      const lagMs = verdict.previousPollAt === null ? null : since(verdict.previousPollAt, observedAt)
      emit('verdict.found', { account, status, registrations: ended.length, lagMs })
    }
    for (const { registrationId, partnerId, createdAt, reason } of ended) {
      const end = reason === null ? 'verdict' : 'unresolved'
      emit('registration.ended', { registrationId, partnerId, end, reason, ageMs: since(createdAt, observedAt) })
    }
  }

/** The clock may have been set back in between. */
const since = (from: number, to: number): number => Math.max(0, to - from)
