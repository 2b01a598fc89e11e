import type { Tx } from './connection.ts'

/** How many rows are in a state, and of whom: an account, a partner, a partner and an hour, or all (''). */
export type CountOf = (what: string, owner: string) => number

/** What triggers have counted of these owners: what was folded, and what has changed since then. */
export const loadCounts = async (tx: Tx, owners: readonly string[]): Promise<CountOf> => {
  const rows = await tx.rows<{ what: string; owner: string; n: number }>(
    `SELECT what, owner, sum(n) AS n FROM (
       SELECT what, owner, n FROM counts WHERE owner = ANY($1)
       UNION ALL SELECT what, owner, n FROM count_changes WHERE owner = ANY($1)) AS counted
     GROUP BY what, owner`,
    [owners],
  )
  const counts = new Map(rows.map(({ what, owner, n }) => [`${what} ${owner}`, n]))
  return (what, owner) => counts.get(`${what} ${owner}`) ?? 0
}
