/**
 * Shares `slots` equally among partners, in turn, beginning after the one that was served last, so that a partner with a long
 * queue delays nobody.
 *
 * @param partnerIds in ascending order
 */
export const fairShare = (
  partnerIds: readonly string[],
  slots: number,
  lastServed: string,
): { partnerId: string; take: number }[] => {
  if (partnerIds.length === 0 || slots <= 0) return []
  const first = Math.max(
    0,
    partnerIds.findIndex(id => id > lastServed),
  )
  const inTurn = [...partnerIds.slice(first), ...partnerIds.slice(0, first)]
  const take = Math.ceil(slots / inTurn.length)
  return inTurn.map(partnerId => ({ partnerId, take }))
}
