import type { Dialect, Sql } from '../tx.ts'

/** A queue of a partner with waiting verifications, and the due time of its first one. */
export interface Head {
  partnerId: string
  queue: number
  dueAt: number
}

/** All queues of an account's enabled partners: first the first queue of each partner, from there its other queues. */
const heads = (d: Dialect, select: string, bound = '') => {
  const first = (which: string) =>
    d.first('verifications v', `v.account_id = @accountId AND v.due_at IS NOT NULL ${which}`)
  return `
    WITH RECURSIVE foremost(partner_id, queue, due_at, nth) AS (
      SELECT v.partner_id, v.queue, v.due_at, 1
      FROM (SELECT 1) AS start ${first('ORDER BY v.partner_id, v.queue, v.due_at')}
      UNION ALL
      SELECT v.partner_id, v.queue, v.due_at, f.nth + 1
      FROM foremost AS f ${first('AND v.partner_id > f.partner_id ORDER BY v.partner_id, v.queue, v.due_at')} ${bound}
    ), head(partner_id, queue, due_at) AS (
      SELECT f.partner_id, f.queue, f.due_at FROM foremost f JOIN partners p ON p.id = f.partner_id WHERE NOT p.disabled
      UNION ALL
      SELECT v.partner_id, v.queue, v.due_at
      FROM head AS h ${first('AND v.partner_id = h.partner_id AND v.queue > h.queue ORDER BY v.queue, v.due_at')}
    )
    ${select}`
}

/** One index seek per partner and queue, so a partner with a million rows costs no more than one with a single row. */
export const HEADS: Sql = d =>
  heads(d, 'SELECT partner_id AS "partnerId", queue, due_at AS "dueAt" FROM head ORDER BY partner_id, queue')

/** Maximum number of partners that `DUE_PARTNERS` counts. */
export const MAX_PARTNERS = 200
/** Number of other partners with due verifications, among those read; `seen` above `MAX_PARTNERS`: more exist. */
export const DUE_PARTNERS: Sql = d => {
  const due = 'count(DISTINCT partner_id) AS others FROM head WHERE due_at <= @at AND partner_id <> @partnerId'
  return heads(d, `SELECT (SELECT max(nth) FROM foremost) AS seen, ${due}`, `WHERE f.nth <= ${MAX_PARTNERS}`)
}
