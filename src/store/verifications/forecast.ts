import { type AccountState, effectiveRate, isProbed } from '../../core/account.ts'
import { SECOND } from '../../core/duration.ts'
import { loadAccounts } from '../accounts/rows.ts'
import type { Dialect, Tx } from '../tx.ts'
import { FRESH_MS, isOfBatch, isUserPresent, NEW, QUEUES } from './poll-queues.ts'
import { DUE_PARTNERS, MAX_PARTNERS } from './queue-heads.ts'

/** Place of a waiting verification in its queue. */
interface QueuePlace {
  id: number
  accountId: string
  partnerId: string
  queue: number
  dueAt: number
}

/** Estimate of when a due verification is polled. */
export interface PollForecast {
  /** Polls of the same partner that go before it. */
  before: number
  /** More polls or more partners may go before it, so it may be polled later. */
  isAtLeast: boolean
  /** Maximum polls per second for the partner now: the account's rate, shared with the other waiting partners. */
  rate: number
  at: number
}

/** Verifications in some queues of a partner that are due after `after` and placed before (`dueAt`, `id`). */
interface Span {
  queues: readonly number[]
  after: number
  dueAt: number
  id: number
}

/** Upper bound of counted verifications. */
const MAX_AHEAD = 5_000

/**
 * Returns the span of verifications that go before a place, and the span in the other kind of queues, which get every
 * second pick.
 *
 * @param queues of the partner
 */
export const spansBefore = (
  { queue, dueAt, id }: Pick<QueuePlace, 'queue' | 'dueAt' | 'id'>,
  queues: readonly number[],
  now: number,
): { before: Span; between: Span } => {
  const isOurs = (of: number) => isUserPresent(of) === isUserPresent(queue)
  const goesFirst = (of: number) => isOurs(of) && (isOfBatch(queue) || !isOfBatch(of))
  // A fresh verification passes the others.
  const after = queue === NEW && dueAt > now - FRESH_MS ? now - FRESH_MS : -1
  return {
    before: { queues: queues.filter(goesFirst), after, dueAt, id },
    between: { queues: queues.filter(of => !isOurs(of)), after: -1, dueAt: now + 1, id: 0 },
  }
}

/**
 * Approximates the pick order of `poll-queues.ts`. Ignores verifications that fall due meanwhile.
 *
 * @param counted size of each span of `spansBefore`, up to `MAX_AHEAD`
 * @param waits.partners number of partners with due verifications of this account, including its own; `hasMore`: there
 * may be more
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
    isAtLeast: hasMore || before >= MAX_AHEAD,
    rate,
    at: Math.ceil(Math.max(now, account.allowedAt) + (before / rate) * SECOND),
  }
}

/** `due_at IS NOT NULL` names the index `verifications_due`. */
const STANDS_BEFORE = `
  v.account_id = @accountId AND v.partner_id = @partnerId AND v.queue = queues.queue
  AND v.due_at IS NOT NULL AND v.due_at > @after AND v.due_at <= @dueAt AND (v.due_at, v.id) < (@dueAt, @id)`
/** Counts verifications in some queues that are due after a time and placed before another, from the index alone. */
export const STANDING_BEFORE = (d: Dialect) => `
  SELECT count(*) AS n FROM (
    SELECT 1 FROM ${d.rows('queues', { queue: 'int8' })}
      ${d.joinByLookup('verifications v', STANDS_BEFORE)}
    LIMIT @max) AS capped`

/** Forecasts the poll of a due verification. Returns null while its account is paused or unreachable. */
export const forecastAt = async (tx: Tx, place: QueuePlace, defaultRate: number): Promise<PollForecast | null> => {
  const { accountId, partnerId } = place
  const [account] = await loadAccounts(tx, [accountId], { defaultRate, lock: 'none' })
  if (!account || isProbed(account)) return null
  const count = async ({ queues, ...span }: Span): Promise<number> => {
    const values = { accountId, partnerId, queues: queues.map(queue => ({ queue })), ...span, max: MAX_AHEAD }
    const [counted] = await tx.all<{ n: number }>(STANDING_BEFORE, values)
    return counted?.n ?? 0
  }
  const { before, between } = spansBefore(place, QUEUES, tx.at)
  const counted = { before: await count(before), between: await count(between) }
  const [due] = await tx.all<{ others: number; seen: number | null }>(DUE_PARTNERS, { accountId, partnerId, at: tx.at })
  const hasMore = (due?.seen ?? 0) > MAX_PARTNERS
  return forecastPoll(counted, { account, partners: 1 + (due?.others ?? 0), hasMore }, tx.at)
}
