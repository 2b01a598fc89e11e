import { type Ramp, rampEndsAt } from './ramp.ts'

/** A message, the ramp of its lane, and the claim of its last attempt that is recorded. Times are epoch ms. */
export interface SendingFacts extends Ramp {
  dueAt: number | null
  claimedAt: number | null
  claims: number
  /** The count of claims at the last resend. */
  fence: number
  attemptedClaim: number | null
}

/**
 * Whether it waits because our own side could not send it: its last claim brought no attempt. Where the ramp of its lane runs it may
 * wait for its place there.
 */
export const isNotSent = (
  { dueAt, claimedAt, claims, fence, attemptedClaim, ...ramp }: SendingFacts,
  at: number,
): boolean =>
  claimedAt === null &&
  dueAt !== null &&
  dueAt > at &&
  claims > Math.max(fence, attemptedClaim ?? 0) &&
  rampEndsAt(ramp, at) <= at
