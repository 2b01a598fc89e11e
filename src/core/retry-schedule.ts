import { DAY } from './duration.ts'

const JITTER = 0.2
/** Upper bound of `Retry-After`: a receiver may ask for time, but not for ever. */
const MAX_RETRY_AFTER_MS = DAY

/** Spreads a delay by ±20 %, so that messages that failed together do not return together; `random` in [0, 1). */
export const withJitter = (delayMs: number, random: number): number => delayMs * (1 - JITTER + 2 * JITTER * random)

/** Longest delay of a retry, in ms. */
export const longestRetryDelay = (schedule: readonly number[]): number =>
  Math.max(MAX_RETRY_AFTER_MS, ...schedule.map(delay => withJitter(delay, 1)))

/**
 * Returns the delay before the next attempt in ms, or null if the schedule is used up.
 *
 * @param plan.schedule delays between attempts, in ms; its length is the number of retries
 * @param plan.retries number of retries already made
 * @param plan.retryAfterMs delay that a 429 or 503 asked for, else null; it only moves the attempt later, by 24 h at
 *   most
 * @param plan.random in [0, 1)
 */
export const retryDelay = (plan: {
  schedule: readonly number[]
  retries: number
  retryAfterMs: number | null
  random: number
}): number | null => {
  const base = plan.schedule[plan.retries]
  if (base === undefined) return null
  return Math.max(withJitter(base, plan.random), Math.min(plan.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS))
}
