import { type AccountState, effectiveRate } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { FRESH_MS, isNewOrBack, isOfBatch, NEW } from '../verifications/poll-queues.ts'
import type { Head } from '../verifications/round-robin.ts'

/** Where a verification stands that waits to be asked. */
export interface QueuePlace {
  id: number
  accountId: string
  partnerId: string
  queue: number
  dueAt: number
}

/** How many partners have something due of an account, its own included. @param heads of the account's queues */
export const partnersWith = ({ partnerId }: QueuePlace, heads: readonly Head[], at: number): number =>
  new Set([partnerId, ...heads.filter(({ dueAt }) => dueAt <= at).map(head => head.partnerId)]).size

/** So many are counted. */
export const MOST_AHEAD = 5_000

/** About when a verification that is due is asked. */
export interface PollForecast {
  /** Calls of the same partner that go before it. */
  before: number
  /** There may be more of them, and it may be asked later. */
  isAtLeast: boolean
  /** Calls a second that the partner has now: the account's rate, shared with the other partners that wait. */
  rate: number
  at: number
}

/** Of some queues of a partner what is due after `after` and stands before (`dueAt`, `id`). */
export interface Span {
  queues: readonly number[]
  after: number
  dueAt: number
  id: number
}

/**
 * What goes before a place, and what of the other queues has every second pick.
 *
 * @param queues those of the partner in which something waits
 */
export const spansBefore = (
  { queue, dueAt, id }: { queue: number; dueAt: number; id: number },
  queues: readonly number[],
  now: number,
): { before: Span; between: Span } => {
  const isOurs = (of: number) => isNewOrBack(of) === isNewOrBack(queue)
  const goesFirst = (of: number) => isOurs(of) && (isOfBatch(queue) || !isOfBatch(of))
  // A fresh one passes those that are not.
  const after = queue === NEW && dueAt > now - FRESH_MS ? now - FRESH_MS : -1
  return {
    before: { queues: queues.filter(goesFirst), after, dueAt, id },
    between: { queues: queues.filter(of => !isOurs(of)), after: -1, dueAt: now + 1, id: 0 },
  }
}

/**
 * What the pick order of `poll-queues.ts` comes to, roughly: what falls due meanwhile is not foreseen.
 *
 * @param counted how many each of `spansBefore` has, up to `MOST_AHEAD`
 * @param waits.partners that have something due of this account, its own partner included
 */
export const forecastPoll = (
  counted: { before: number; between: number },
  { account, partners }: { account: AccountState; partners: number },
  now: number,
): PollForecast => {
  const before = counted.before + Math.min(counted.before, counted.between)
  const rate = effectiveRate(account, now) / partners
  return {
    before,
    isAtLeast: before >= MOST_AHEAD,
    rate,
    at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND),
  }
}
