/** A verification that is due, as an index of the queue has it. Times are epoch ms. */
export interface DueVerification {
  id: number
  dueAt: number
  lastPolledAt: number | null
}

/**
 * How many due verifications of a partner to look at beyond those that are taken, to find the latest in proportion to their
 * interval.
 */
export const OVERDUE_WINDOW = 100

const SHORTEST_INTERVAL_MS = 1_000

/**
 * Takes those first that are the latest in proportion to how long they were to wait: under a rate that is too low for all,
 * each is late by the same factor. A verification that nobody has asked about goes before the others.
 */
export const mostOverdue = (due: readonly DueVerification[], take: number, at: number): DueVerification[] => {
  const lateness = ({ dueAt, lastPolledAt }: DueVerification) =>
    (at - dueAt + 1) / Math.max(SHORTEST_INTERVAL_MS, dueAt - (lastPolledAt ?? dueAt))
  return due
    .map(one => ({ one, lateness: lateness(one) }))
    .sort((a, b) => b.lateness - a.lateness || a.one.dueAt - b.one.dueAt || a.one.id - b.one.id)
    .slice(0, take)
    .map(({ one }) => one)
}
