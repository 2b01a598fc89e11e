import type { Tx } from '../tx.ts'

/** How many rows are in a state, and of whom: an account, a partner, a partner and an hour, or all (''). */
export type CountOf = (what: string, owner: string) => number

/** Each by the key of the counts, however many others have any. */
const COUNTED = 'SELECT what, sum(n) AS n FROM current_counts WHERE owner = @owner GROUP BY what'

/** What triggers have counted of these owners. */
export const loadCounts = async (tx: Tx, owners: readonly string[]): Promise<CountOf> => {
  const found = await tx.each<{ what: string; n: number }>(
    COUNTED,
    owners.map(owner => ({ owner })),
  )
  const counts = new Map(owners.flatMap((owner, i) => found[i]?.map(({ what, n }) => [`${what} ${owner}`, n]) ?? []))
  return (what, owner) => counts.get(`${what} ${owner}`) ?? 0
}
