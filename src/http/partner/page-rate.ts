import type { Words } from '../../core/language.ts'
import { MOST_OF_A_PAGE } from '../json/pagination.ts'
import { createRateLimit, type SharedRate } from '../middleware/rate-limit.ts'

/** To read, decrypt and write out 250 of the largest registrations takes 9 ms, and each event is signed with up to four secrets. */
const ITEMS_OF_A_REQUEST = 10
/** To look at so many in vain takes less than to give one of them. */
const LOOKED_FOR_AN_ITEM = 10

export interface PageRateDeps extends SharedRate {
  apiRate: number
  now: () => number
}

/** A page costs what it holds: ten items as much as a request. `items` is what the partner calls them; in Chinese with their measure word. */
export const createPageRate = ({ apiRate, rateShare, now }: PageRateDeps, items: Words) => {
  const perSecond = ITEMS_OF_A_REQUEST * apiRate
  const rate = { rate: perSecond, burst: Math.max(2 * perSecond, MOST_OF_A_PAGE) }
  const take = createRateLimit({
    now,
    rateShare,
    detail: {
      en: `You may fetch ${perSecond} ${items.en} a second, in bursts of ${rate.burst}.`,
      zh: `每秒最多读取 ${perSecond} ${items.zh}，突发上限为 ${rate.burst}。`,
    },
  })
  return {
    /**
     * Before a page is read, which is the dear part: charges all that it may hold, and gives what to call with what it held, and
     * at how many was looked for that. It may go beyond the rate, since what has been read is answered; the next one is refused then.
     */
    begin: (partnerId: string, limit: number) => {
      take(partnerId, { ...rate, burst: rate.burst + limit, count: limit })
      return (held: number, looked = 0): void => {
        const cost = Math.max(held, Math.ceil(looked / LOOKED_FOR_AN_ITEM))
        take(partnerId, { ...rate, burst: Number.POSITIVE_INFINITY, count: cost - limit })
      }
    },
  }
}
