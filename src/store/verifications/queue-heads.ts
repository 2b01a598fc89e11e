import type { Dialect, Sql } from '../tx.ts'

/** A queue of a partner in which verifications wait, and when the first of them is due. */
export interface Head {
  partnerId: string
  queue: number
  dueAt: number
}

const first = (d: Dialect, which: string) =>
  d.first('verifications v', `v.account_id = @accountId AND v.due_at IS NOT NULL ${which}`)

/** The first queue of each partner of an account, in their order. */
const foremost = (d: Dialect, bound = '') => `
  foremost(partner_id, queue, due_at, nth) AS (
    SELECT v.partner_id, v.queue, v.due_at, 1
    FROM (SELECT 1) AS start ${first(d, 'ORDER BY v.partner_id, v.queue, v.due_at')}
    UNION ALL
    SELECT v.partner_id, v.queue, v.due_at, f.nth + 1
    FROM foremost AS f ${first(d, 'AND v.partner_id > f.partner_id ORDER BY v.partner_id, v.queue, v.due_at')} ${bound})`
/** And from each of these to all queues of its partner. */
const head = (d: Dialect, begin: string) => `
  head(partner_id, queue, due_at) AS (
    ${begin}
    UNION ALL
    SELECT v.partner_id, v.queue, v.due_at
    FROM head AS h ${first(d, 'AND v.partner_id = h.partner_id AND v.queue > h.queue ORDER BY v.queue, v.due_at')})`
const OF_FOREMOST =
  'SELECT f.partner_id, f.queue, f.due_at FROM foremost f JOIN partners p ON p.id = f.partner_id WHERE NOT p.disabled'

/**
 * The heads of an account's queues, without those of partners that are disabled: an index seek a partner and a queue, so that a
 * partner with a million rows costs no more than one with a single row.
 */
export const HEADS: Sql = d => `
  WITH RECURSIVE ${foremost(d)}, ${head(d, OF_FOREMOST)}
  SELECT partner_id AS "partnerId", queue, due_at AS "dueAt" FROM head ORDER BY partner_id, queue`

/** The same queues, of one partner. */
export const QUEUES_OF_PARTNER: Sql = d => `
  WITH RECURSIVE ${head(
    d,
    `SELECT v.partner_id, v.queue, v.due_at
     FROM partners p ${first(d, 'AND v.partner_id = p.id ORDER BY v.queue, v.due_at')} WHERE p.id = @partnerId AND NOT p.disabled`,
  )}
  SELECT queue FROM head`

/** Partners beyond so many are not looked at. */
export const MOST_PARTNERS = 200
/** How many other partners have something due, of those looked at; `seen` above `MOST_PARTNERS`: there are more. */
export const DUE_PARTNERS: Sql = d => `
  WITH RECURSIVE ${foremost(d, `WHERE f.nth <= ${MOST_PARTNERS}`)}, ${head(d, OF_FOREMOST)}
  SELECT count(DISTINCT partner_id) AS others, (SELECT max(nth) FROM foremost) AS seen
  FROM head WHERE due_at <= @at AND partner_id <> @partnerId`
