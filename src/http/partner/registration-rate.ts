import type { Rate } from '../../core/token-bucket.ts'
import { createRateLimit, type SharedRate } from '../middleware/rate-limit.ts'
import { MOST_IN_A_BATCH } from './batch.ts'

/** A whole batch always fits into the burst. */
export const registrationRateOf = (perSecond: number): Rate => ({
  rate: perSecond,
  burst: Math.max(10 * perSecond, MOST_IN_A_BATCH),
})

/**
 * A request of registrations costs what it holds, whichever of the partner's keys it comes with. Otherwise a rate of requests
 * would allow a thousand times as many registrations as it says.
 */
export const createRegistrationRate = (deps: SharedRate & { registrationRate: number; now: () => number }) => {
  const rate = registrationRateOf(deps.registrationRate)
  const take = createRateLimit({
    now: deps.now,
    rateShare: deps.rateShare,
    detail: {
      en: `You may register ${rate.rate} serials a second, in bursts of ${rate.burst}. Nothing of this request was taken.`,
      zh: `每秒最多登记 ${rate.rate} 个流水号，突发上限为 ${rate.burst}。本次请求的内容均未受理。`,
    },
  })
  return (partnerId: string, count: number): void => take(partnerId, { ...rate, count })
}
