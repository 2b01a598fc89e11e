import { MINUTE } from '../../core/duration.ts'
import { AppError } from '../../core/error.ts'
import type { SharedRate } from '../middleware/rate-limit.ts'

/** Of one registration in a minute. */
const MOST = 10
const MOST_REGISTRATIONS = 10_000
const DETAIL = {
  en: `A registration may be resent ${MOST} times a minute.`,
  zh: `每条登记每分钟最多重发 ${MOST} 次。`,
}

/**
 * Counts the resends of each registration in the last minute. Throws `AppError('too_many_requests')` where there were as many
 * as may be. What it returns takes back the one it has counted, where nothing was sent.
 */
export const createResendLimit = ({ now, rateShare }: SharedRate & { now: () => number }) => {
  /** When each was resent, the oldest first; the registration that was resent last comes last. */
  const times = new Map<string, readonly number[]>()

  return (registrationId: string): (() => void) => {
    const at = now()
    // A clock that was set back must not lock anybody out.
    const recent = (times.get(registrationId) ?? []).filter(time => time <= at && time > at - MINUTE)
    const [oldest = at] = recent
    if (recent.length >= Math.max(1, Math.floor(MOST * rateShare())))
      throw new AppError('too_many_requests', DETAIL, { retryAfterMs: oldest + MINUTE - at })
    times.delete(registrationId)
    times.set(registrationId, [...recent, at])
    const [idlest] = times.size > MOST_REGISTRATIONS ? times.keys() : []
    if (idlest !== undefined) times.delete(idlest)
    return () => {
      const counted = times.get(registrationId) ?? []
      const index = counted.lastIndexOf(at)
      // Forgotten meanwhile: the others are not to be taken back.
      if (index >= 0) times.set(registrationId, counted.toSpliced(index, 1))
    }
  }
}
