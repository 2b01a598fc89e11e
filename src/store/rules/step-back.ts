/** A row of a queue. Times are epoch ms. */
export interface Waiting {
  dueAt: number | null
  claimedAt: number | null
}

/**
 * Whether a row waits for a time that was planned before the system's clock was set back. It would wait for as long as that was
 * set back by, so it is due now instead: one call, or one attempt, comes early.
 *
 * @param plannedAt when its due time may have been planned: at its creation, its last nudge, its last call or attempt
 */
export const isFromBeforeStepBack = (
  { dueAt, claimedAt }: Waiting,
  plannedAt: readonly (number | null)[],
  at: number,
): boolean =>
  dueAt !== null && dueAt > at && claimedAt === null && plannedAt.some(planned => planned !== null && planned > at)
