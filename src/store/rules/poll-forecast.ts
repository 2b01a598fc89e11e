import { type AccountState, effectiveRate } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { FRESH_MS, isNewOrBack, isOfBatch, NEW, placeIn } from './poll-queues.ts'
import type { Asking } from './questions.ts'

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

/** How many of a partner's queue are due, go before the one in question, or, of the queue `NEW`, are not fresh any more. */
export interface DepthQuestion {
  queue: number
  of: 'due' | 'earlier' | 'stale'
}

interface Facts {
  /** Where it waits. */
  queue: number
  dueAt: number
  /** The partner's queues in which something waits. */
  queues: readonly number[]
  account: AccountState
  /** That have something due of this account, its own partner included. */
  partners: number
}

/** The place in the queue before which those stand that are counted. */
export const endOf = (
  { queue, of }: DepthQuestion,
  place: { id: number; queue: number; dueAt: number },
  at: number,
): { dueAt: number; id: number } => {
  switch (of) {
    case 'due':
      return { dueAt: at + 1, id: 0 }
    case 'earlier':
      return placeIn(place, queue, at)
    case 'stale':
      return { dueAt: at - FRESH_MS + 1, id: 0 }
    default:
      return of satisfies never
  }
}

/** As many of the others go in between as there are, and at most one for each that is ahead. */
const inTurns = (ahead: number, others: number): number => ahead + Math.min(ahead, others)

/** How many go before it. Which depths it asks for does not go by what they are. */
const countBefore = (
  { queue, dueAt, queues }: Pick<Facts, 'queue' | 'dueAt' | 'queues'>,
  now: number,
  depthOf: (question: DepthQuestion) => number,
): number => {
  const sum = (some: (of: number) => boolean, of: DepthQuestion['of']): number =>
    queues.filter(some).reduce((total, one) => total + depthOf({ queue: one, of }), 0)
  const isOurs = (of: number) => isNewOrBack(of) === isNewOrBack(queue)
  const isLike = (of: number) => isOurs(of) && isOfBatch(of) === isOfBatch(queue)

  const aheadAgain = (): number => {
    const like = sum(isLike, 'earlier')
    return isOfBatch(queue)
      ? inTurns(
          like,
          sum(of => isOurs(of) && !isLike(of), 'due'),
        )
      : like
  }
  const aheadInQueue = (): number => {
    const own = (of: DepthQuestion['of']) => sum(one => one === queue, of)
    if (queue !== NEW) return own('earlier')
    const isFresh = dueAt > now - FRESH_MS
    return isFresh ? Math.max(0, own('earlier') - own('stale')) : own('earlier') + own('due') - own('stale')
  }
  const aheadNew = (): number => sum(of => isOurs(of) && of < queue, 'due') + aheadInQueue()
  return inTurns(
    isNewOrBack(queue) ? aheadNew() : aheadAgain(),
    sum(of => !isOurs(of), 'due'),
  )
}

/** What the turns of `poll-queues.ts` come to, roughly: what falls due meanwhile is not foreseen. */
export function* forecastPoll(facts: Facts, now: number): Asking<DepthQuestion, number, PollForecast> {
  const { account, partners } = facts
  const questions: DepthQuestion[] = []
  countBefore(facts, now, question => {
    questions.push(question)
    return 0
  })
  const depths = (yield questions).values()
  const before = countBefore(facts, now, () => depths.next().value ?? 0)
  const rate = effectiveRate(account, now) / partners
  return {
    before,
    isAtLeast: before >= MOST_COUNTED,
    rate,
    at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND),
  }
}
