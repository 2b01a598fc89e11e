import type { AccountChange } from '../core/account.ts'
import type { Answer, TransientCause } from '../core/answer.ts'
import { HOUR } from '../core/duration.ts'
import { isLasting } from '../core/lone-failures.ts'
import { silenceOf } from '../core/outage.ts'
import type { ClaimedAccount } from '../store/store.ts'
import type { Emit } from '../telemetry/emit.ts'

type AlertEmit = Emit<
  | 'account.paused'
  | 'account.resumed'
  | 'account.throttled'
  | 'upstream.unreachable'
  | 'upstream.back'
  | 'upstream.unknown_status'
  | 'upstream.unknown_code'
  | 'poll.serial_failing'
>

/** Further statuses and codes are not reported, nor further serials within the hour. */
const MOST_SEEN = 1_000
const SERIAL_AGAIN_MS = HOUR

type Asked = Pick<ClaimedAccount, 'id' | 'apiId' | 'pausedAt' | 'unreachableAt'>

interface LoneFailure {
  verificationId: number
  cause: TransientCause
  /** Since when it is known that the serial fails while others are answered about. */
  since: number
  now: number
}

/** Reports changes of an account, an outage once, each unknown status and code once, and a serial that goes on failing alone once an hour. */
export const createUpstreamAlerts = (emit: AlertEmit) => {
  const seen = new Set<string>()
  /** Accounts whose outage has been reported. */
  const outages = new Set<string>()
  /** When a serial was reported, the latest last. */
  const serials = new Map<number, number>()
  const isNew = (key: string): boolean => {
    if (seen.has(key) || seen.size >= MOST_SEEN) return false
    seen.add(key)
    return true
  }

  const isNewSerial = (verificationId: number, now: number): boolean => {
    for (const [id, at] of serials) {
      if (now - at < SERIAL_AGAIN_MS) break
      serials.delete(id)
    }
    if (serials.has(verificationId) || serials.size >= MOST_SEEN) return false
    serials.set(verificationId, now)
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
      case 'unasked':
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

  return {
    /** @param account as it was when the call was made */
    after: (account: Asked, answer: Answer, change: AccountChange | null, now: number): void => {
      emitUnknown(account.id, answer)
      emitBack(account, answer)
      if (change) emitChange(account, change, now)
    },
    failsAlone: ({ apiId: account }: Asked, { verificationId, cause, since, now }: LoneFailure): void => {
      if (!isLasting(since, now) || !isNewSerial(verificationId, now)) return
      emit('poll.serial_failing', { verificationId, account, cause, since: isoTime(since) })
    },
  }
}

const isoTime = (at: number): string => new Date(at).toISOString()
