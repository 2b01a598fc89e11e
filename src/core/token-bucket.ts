import { SECOND } from './duration.ts'

export interface Rate {
  /** Tokens a second. */
  rate: number
  burst: number
}

/** How many tokens were used, at a time in epoch ms. */
export interface Bucket {
  used: number
  at: number
}

export const FULL_BUCKET: Bucket = { used: 0, at: 0 }

/** The part of a token that rounding may lose. */
const TOLERANCE = 1e-9

/**
 * Takes a token, or `count` of them or none; `count` is at most the burst, and negative to give some back. Keep the new bucket in
 * either case. `retryAfterMs` says how long to wait; null: they were taken.
 */
export const takeToken = (
  { used, at }: Bucket,
  now: number,
  { rate, burst, count = 1 }: Rate & { count?: number },
): { bucket: Bucket; retryAfterMs: number | null } => {
  // If the clock was set back, nothing is refilled, and time goes on from there.
  const left = Math.max(0, used - (Math.max(0, now - at) * rate) / SECOND)
  const missing = left + count - burst
  return missing > TOLERANCE && count > 0
    ? { bucket: { used: left, at: now }, retryAfterMs: Math.ceil(((missing - TOLERANCE) * SECOND) / rate) }
    : { bucket: { used: Math.max(0, left + count), at: now }, retryAfterMs: null }
}
