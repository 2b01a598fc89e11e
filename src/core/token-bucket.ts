import { SECOND } from './duration.ts'

export interface Rate {
  /** A second. */
  rate: number
  burst: number
}

/** How much of it was used up, at a time. */
export interface Bucket {
  used: number
  at: number
}

export const FULL_BUCKET: Bucket = { used: 0, at: 0 }

/** Parts of a token that rounding loses. */
const TOLERANCE = 1e-9

/** Takes a token. The result's bucket is to be kept either way; `retryAfterMs` is how long to wait, null with a token. */
export const takeToken = (
  { used, at }: Bucket,
  now: number,
  { rate, burst }: Rate,
): { bucket: Bucket; retryAfterMs: number | null } => {
  // A clock that was set back gives nothing, and goes on from there.
  const left = Math.max(0, used - (Math.max(0, now - at) * rate) / SECOND)
  const missing = left + 1 - burst
  return missing > TOLERANCE
    ? { bucket: { used: left, at: now }, retryAfterMs: Math.ceil(((missing - TOLERANCE) * SECOND) / rate) }
    : { bucket: { used: left + 1, at: now }, retryAfterMs: null }
}
