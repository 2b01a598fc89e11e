import { type AccountState, effectiveRate, isProbed } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { loadAccounts } from '../accounts/rows.ts'
import type { Dialect, Tx } from '../tx.ts'
import { FRESH_MS, isNewOrBack, isOfBatch, NEW, QUEUES } from './poll-queues.ts'
import { DUE_PARTNERS, MOST_PARTNERS } from './queue-heads.ts'

/** Where a verification stands that waits to be asked. */
interface QueuePlace {
  id: number
  accountId: string
  partnerId: string
  queue: number
  dueAt: number
}

/** About when a verification that is due is asked. */
export interface PollForecast {
  /** Calls of the same partner that go before it. */
  before: number
  /** There may be more of them, or more partners that wait, and it may be asked later. */
  isAtLeast: boolean
  /** Calls a second that the partner has now, at most: the account's rate, shared with the other partners that wait. */
  rate: number
  at: number
}

/** Of some queues of a partner what is due after `after` and stands before (`dueAt`, `id`). */
interface Span {
  queues: readonly number[]
  after: number
  dueAt: number
  id: number
}

/** So many are counted. */
const MOST_AHEAD = 5_000

/**
 * What goes before a place, and what of the other queues has every second pick.
 *
 * @param queues the partner's
 */
export const spansBefore = (
  { queue, dueAt, id }: Pick<QueuePlace, 'queue' | 'dueAt' | 'id'>,
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
 * @param waits.partners that have something due of this account, its own partner included; `hasMore`: there may be more of them
 */
export const forecastPoll = (
  counted: { before: number; between: number },
  { account, partners, hasMore }: { account: AccountState; partners: number; hasMore: boolean },
  now: number,
): PollForecast => {
  const before = counted.before + Math.min(counted.before, counted.between)
  const rate = effectiveRate(account, now) / partners
  return {
    before,
    isAtLeast: hasMore || before >= MOST_AHEAD,
    rate,
    at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND),
  }
}

const STANDS_BEFORE = `
  v.account_id = @accountId AND v.partner_id = @partnerId AND v.queue = queues.queue
  AND v.due_at IS NOT NULL AND v.due_at > @after AND v.due_at <= @dueAt AND (v.due_at, v.id) < (@dueAt, @id)`
/** How many of queues of one partner are due after a time and stand before a place, up to a limit. The index has all of it. */
export const STANDING_BEFORE = (d: Dialect) => `
  SELECT count(*) AS n FROM (
    SELECT 1 FROM ${d.rows('queues', { queue: 'int8' })}
      ${d.lookUp('verifications v', STANDS_BEFORE)}
    LIMIT @most) AS capped`

/** How long what is due has still to wait; null: its account is not asked now. */
export const forecastAt = async (tx: Tx, place: QueuePlace, defaultRate: number): Promise<PollForecast | null> => {
  const { accountId, partnerId } = place
  const [account] = await loadAccounts(tx, [accountId], { defaultRate, lock: 'none' })
  if (!account || isProbed(account)) return null
  const count = async ({ queues, ...span }: Span): Promise<number> => {
    const values = { accountId, partnerId, queues: queues.map(queue => ({ queue })), ...span, most: MOST_AHEAD }
    const [counted] = await tx.all<{ n: number }>(STANDING_BEFORE, values)
    return counted?.n ?? 0
  }
  const { before, between } = spansBefore(place, QUEUES, tx.at)
  const counted = { before: await count(before), between: await count(between) }
  const [due] = await tx.all<{ others: number; seen: number | null }>(DUE_PARTNERS, { accountId, partnerId, at: tx.at })
  const hasMore = (due?.seen ?? 0) > MOST_PARTNERS
  return forecastPoll(counted, { account, partners: 1 + (due?.others ?? 0), hasMore }, tx.at)
}
