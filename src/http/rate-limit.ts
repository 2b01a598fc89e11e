import { AppError } from '../core/error.ts'
import { type Rate, takeToken } from '../core/token-bucket.ts'

const MOST_BUCKETS = 10_000

/** A token bucket for each key; throws `too_many_requests` where one is empty. The bucket idle longest is forgotten first. */
export const createRateLimit = (deps: { now: () => number; detail: string }) => {
  const buckets = new Map<string, number>()

  const keep = (key: string, fullAt: number) => {
    buckets.delete(key)
    buckets.set(key, fullAt)
    const [oldest] = buckets.size > MOST_BUCKETS ? buckets.keys() : []
    if (oldest !== undefined) buckets.delete(oldest)
  }

  const refuse = (retryAfterMs: number): never => {
    throw new AppError('too_many_requests', deps.detail, { retryAfterMs })
  }

  return {
    take: (key: string, rate: Rate): void => {
      const taken = takeToken(buckets.get(key) ?? 0, deps.now(), rate)
      if (taken.ok) keep(key, taken.fullAt)
      else refuse(taken.retryAfterMs)
    },
    /** Whether there is a token, without taking it. */
    check: (key: string, rate: Rate): void => {
      const fullAt = buckets.get(key)
      if (fullAt === undefined) return
      const taken = takeToken(fullAt, deps.now(), rate)
      if (!taken.ok) refuse(taken.retryAfterMs)
    },
  }
}
