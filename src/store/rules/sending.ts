/** A message, and the claim of its last attempt that is recorded. Times are epoch ms. */
export interface SendingFacts {
  dueAt: number | null
  claimedAt: number | null
  claims: number
  /** The count of claims at the last resend. */
  fence: number
  attemptedClaim: number | null
}

/**
 * `under_way`: it is claimed, so an attempt is made now. `not_sent`: our own side could not send it, since its last claim brought no
 * attempt.
 */
export type Sending = 'under_way' | 'not_sent'

export const sendingNow = (
  { dueAt, claimedAt, claims, fence, attemptedClaim }: SendingFacts,
  at: number,
): Sending | null => {
  if (dueAt === null || dueAt <= at) return null
  if (claimedAt !== null) return 'under_way'
  return claims > Math.max(fence, attemptedClaim ?? 0) ? 'not_sent' : null
}
