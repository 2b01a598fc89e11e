import { type AccountState, effectiveRate } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { FRESH_MS, isNewOrBack, isOfBatch, NEW } from './poll-queues.ts'

/** Of each queue. */
export const MOST_COUNTED = 5_000

/** About when a verification that is due is asked. */
export interface PollForecast {
  /** Calls of the same partner that go before it. */
  before: number
  /** There may be more of them, and it may be asked later: each queue is counted up to `MOST_COUNTED`. */
  isAtLeast: boolean
  /** Calls a second that the partner has now: the account's rate, shared with the other partners that wait. */
  rate: number
  at: number
}

/** One of a partner's queues. */
export interface QueueDepth {
  queue: number
  due: number
  /** How many of them go before the one in question. */
  earlier: number
  /** How many of them are not fresh any more; of the queue `NEW`. */
  stale: number
}

interface Facts {
  /** Where it waits. */
  queue: number
  dueAt: number
  depths: readonly QueueDepth[]
  account: AccountState
  /** That have something due of this account, its own partner included. */
  partners: number
}

/** As many of the others go in between as there are, and at most one for each that is ahead. */
const inTurns = (ahead: number, others: number): number => ahead + Math.min(ahead, others)

/** What the turns of `poll-queues.ts` come to, roughly: what falls due meanwhile is not foreseen. */
export const forecastPoll = ({ queue, dueAt, depths, account, partners }: Facts, now: number): PollForecast => {
  const sum = (some: (depth: QueueDepth) => boolean, of: 'due' | 'earlier'): number =>
    depths.filter(some).reduce((total, depth) => total + depth[of], 0)
  const isOurs = (depth: QueueDepth) => isNewOrBack(depth.queue) === isNewOrBack(queue)
  const isLike = (depth: QueueDepth) => isOurs(depth) && isOfBatch(depth.queue) === isOfBatch(queue)

  const aheadAgain = (): number => {
    const like = sum(isLike, 'earlier')
    return isOfBatch(queue)
      ? inTurns(
          like,
          sum(depth => isOurs(depth) && !isLike(depth), 'due'),
        )
      : like
  }
  const aheadNew = (): number => {
    const { due = 0, earlier = 0, stale = 0 } = depths.find(depth => depth.queue === queue) ?? {}
    const isFresh = dueAt > now - FRESH_MS
    const inQueue = queue !== NEW ? earlier : isFresh ? Math.max(0, earlier - stale) : earlier + due - stale
    return sum(depth => isOurs(depth) && depth.queue < queue, 'due') + inQueue
  }
  const before = inTurns(
    isNewOrBack(queue) ? aheadNew() : aheadAgain(),
    sum(depth => !isOurs(depth), 'due'),
  )
  const rate = effectiveRate(account, now) / partners
  return {
    before,
    isAtLeast: before >= MOST_COUNTED,
    rate,
    at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND),
  }
}
