import { SECOND } from './duration.ts'

export interface Rate {
  /** A second. */
  rate: number
  burst: number
}

/**
 * A token bucket as one number: the time at which it will be full again. `fullAt` is that of before, 0 for a new one;
 * the result's is to be kept, and `retryAfterMs` is how long to wait where there was no token.
 */
export const takeToken = (
  fullAt: number,
  now: number,
  { rate, burst }: Rate,
): { ok: true; fullAt: number } | { ok: false; fullAt: number; retryAfterMs: number } => {
  const gap = SECOND / rate
  const next = Math.max(fullAt, now) + gap
  const over = next - now - burst * gap
  return over > 0.001 ? { ok: false, fullAt, retryAfterMs: Math.ceil(over) } : { ok: true, fullAt: next }
}
