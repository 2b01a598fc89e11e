import { isProbed } from '../../core/account.ts'
import { createAccountRows } from '../accounts/account-rows.ts'
import type { StoreContext } from '../context.ts'
import {
  forecastPoll,
  MOST_AHEAD,
  type PollForecast,
  partnersWith,
  type QueuePlace,
  type Span,
  spansBefore,
} from '../rules/poll-forecast.ts'
import type { Dialect, Tx } from '../tx.ts'
import type { Head } from './round-robin.ts'

/**
 * The first due time of each queue of an account, but of partners that are disabled: an index seek a partner and a queue, so that a
 * partner with a million rows costs no more than one with a single row.
 */
export const HEADS = (d: Dialect) => {
  const first = (which: string) =>
    d.first('verifications v', `v.account_id = @accountId AND v.due_at IS NOT NULL ${which}`)
  return `
    WITH RECURSIVE foremost(partner_id, queue, due_at) AS (
      SELECT v.partner_id, v.queue, v.due_at
      FROM (SELECT 1) AS start ${first('ORDER BY v.partner_id, v.queue, v.due_at')}
      UNION ALL
      SELECT v.partner_id, v.queue, v.due_at
      FROM foremost AS f ${first('AND v.partner_id > f.partner_id ORDER BY v.partner_id, v.queue, v.due_at')}
    ), head(partner_id, queue, due_at) AS (
      SELECT f.partner_id, f.queue, f.due_at FROM foremost f JOIN partners p ON p.id = f.partner_id WHERE NOT p.disabled
      UNION ALL
      SELECT v.partner_id, v.queue, v.due_at
      FROM head AS h ${first('AND v.partner_id = h.partner_id AND v.queue > h.queue ORDER BY v.queue, v.due_at')}
    )
    SELECT partner_id AS "partnerId", queue, due_at AS "dueAt" FROM head ORDER BY partner_id, queue`
}

/** Of each account the heads of its queues. */
export const headsOf = (tx: Tx, accountIds: readonly string[]): Promise<readonly Head[][]> =>
  tx.each<Head>(
    HEADS,
    accountIds.map(accountId => ({ accountId })),
  )

const STANDS_BEFORE = `
  v.account_id = @accountId AND v.partner_id = @partnerId AND v.queue = queues.queue
  AND v.due_at IS NOT NULL AND v.due_at > @after AND v.due_at <= @dueAt AND (v.due_at, v.id) < (@dueAt, @id)`
/** How many of queues of one partner are due after a time and stand before a place, up to a limit. The index has all of it. */
export const STANDING_BEFORE = (d: Dialect) => `
  SELECT count(*) AS n FROM (
    SELECT 1 FROM ${d.rows('queues', { queue: 'int8' })}
      ${d.lookUp('verifications v', STANDS_BEFORE)}
    LIMIT @most) AS capped`

const lengthOf = async (
  tx: Tx,
  { accountId, partnerId }: Pick<QueuePlace, 'accountId' | 'partnerId'>,
  { queues, ...span }: Span,
): Promise<number> => {
  const named = queues.map(queue => ({ queue }))
  const values = { accountId, partnerId, queues: named, ...span, most: MOST_AHEAD }
  const [counted] = await tx.all<{ n: number }>(STANDING_BEFORE, values)
  return counted?.n ?? 0
}

/** Reads how long what is due has to wait still. */
export const createPollPlaces = (context: Pick<StoreContext, 'sealed' | 'openOr' | 'defaultRate'>) => {
  const accounts = createAccountRows(context)

  /** Null: its account is not asked now. */
  return async (tx: Tx, place: QueuePlace): Promise<PollForecast | null> => {
    const account = await accounts.find(tx, place.accountId)
    if (!account || isProbed(account)) return null
    const [heads = []] = await headsOf(tx, [place.accountId])
    const queues = heads.flatMap(({ partnerId, queue }) => (partnerId === place.partnerId ? queue : []))
    const { before, between } = spansBefore(place, queues, tx.at)
    const counted = { before: await lengthOf(tx, place, before), between: await lengthOf(tx, place, between) }
    return forecastPoll(counted, { account, partners: partnersWith(place, heads, tx.at) }, tx.at)
  }
}
