import type { Dialect } from '../tx.ts'

/** A queue of a partner in which verifications wait, and when the first of them is due. */
export interface Head {
  partnerId: string
  queue: number
  dueAt: number
}

/**
 * The heads of an account's queues, without those of partners that are disabled: an index seek a partner and a queue, so that a
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
