import { type AccountState, effectiveRate } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { isNewOrBack, isOfBatch, NEW } from './poll-queues.ts'

/** About when a verification that is due is asked. */
export interface PollForecast {
  /** Calls of the same partner that go before it. */
  before: number
  /** Calls a second that the partner has now: the account's rate, shared with the other partners that wait. */
  rate: number
  at: number
}

/** One of a partner's queues: how many are due in it, and how many of them were due earlier than the one in question. */
export interface QueueDepth {
  queue: number
  due: number
  earlier: number
}

interface Facts {
  /** The queue in which it waits. */
  queue: number
  depths: readonly QueueDepth[]
  account: AccountState
  /** That have something due of this account. */
  partners: number
}

/** As many of the others go in between as there are, and at most one for each that is ahead. */
const inTurns = (ahead: number, others: number): number => ahead + Math.min(ahead, others)

/** What the turns of `poll-queues.ts` come to, roughly: what comes meanwhile is not foreseen. */
export const forecastPoll = ({ queue, depths, account, partners }: Facts, now: number): PollForecast => {
  const sum = (some: (depth: QueueDepth) => boolean, of: 'due' | 'earlier'): number =>
    depths.filter(some).reduce((total, depth) => total + depth[of], 0)
  const isOurs = (depth: QueueDepth) => isNewOrBack(depth.queue) === isNewOrBack(queue)
  const isLike = (depth: QueueDepth) => isOurs(depth) && isOfBatch(depth.queue) === isOfBatch(queue)

  const aheadInOrder = (): number => {
    if (!isNewOrBack(queue)) {
      const like = sum(isLike, 'earlier')
      return isOfBatch(queue)
        ? inTurns(
            like,
            sum(depth => isOurs(depth) && !isLike(depth), 'due'),
          )
        : like
    }
    const earlier = sum(depth => depth.queue === queue, 'earlier')
    const later = sum(depth => depth.queue === queue, 'due') - earlier - 1
    // The new ones are taken from both ends.
    const inQueue = queue === NEW ? 2 * Math.min(earlier, Math.max(0, later)) : earlier
    return sum(depth => isOurs(depth) && depth.queue < queue, 'due') + inQueue
  }
  const before = inTurns(
    aheadInOrder(),
    sum(depth => !isOurs(depth), 'due'),
  )
  const rate = effectiveRate(account, now) / Math.max(1, partners)
  return { before, rate, at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND) }
}
