import { AppError } from '../../core/error.ts'

/** Of one partner, over all its keys: a quarter of the connections that there may be. */
const MOST_AT_ONCE = 1_024
const DETAIL = {
  en: `${MOST_AT_ONCE} of your requests are being answered still.`,
  zh: `您有 ${MOST_AT_ONCE} 个请求正在处理，尚未返回。`,
}

/**
 * Counts the requests of each partner that are being answered. A connection stays while its request is being answered, so lists that
 * take long could hold all of them and keep everybody else out. Throws `AppError('too_many_requests')` where there are as many as
 * may be; returns what to call when the request is answered.
 */
export const createAtOnce = () => {
  const counts = new Map<string, number>()

  return (partnerId: string): (() => void) => {
    const count = counts.get(partnerId) ?? 0
    if (count >= MOST_AT_ONCE) throw new AppError('too_many_requests', DETAIL)
    counts.set(partnerId, count + 1)
    return () => {
      const left = (counts.get(partnerId) ?? 1) - 1
      if (left > 0) counts.set(partnerId, left)
      else counts.delete(partnerId)
    }
  }
}
