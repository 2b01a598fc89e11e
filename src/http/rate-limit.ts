import { AppError } from '../core/error.ts'
import { type Bucket, FULL_BUCKET, type Rate, takeToken } from '../core/token-bucket.ts'

const MOST_BUCKETS = 10_000

/** A token bucket for each key; throws `too_many_requests` where one is empty. The bucket idle longest is forgotten first. */
export const createRateLimit = (deps: { now: () => number; detail: string }) => {
  const buckets = new Map<string, Bucket>()

  return (key: string, rate: Rate): void => {
    const { bucket, retryAfterMs } = takeToken(buckets.get(key) ?? FULL_BUCKET, deps.now(), rate)
    buckets.delete(key)
    buckets.set(key, bucket)
    const [oldest] = buckets.size > MOST_BUCKETS ? buckets.keys() : []
    if (oldest !== undefined) buckets.delete(oldest)
    if (retryAfterMs !== null) throw new AppError('too_many_requests', deps.detail, { retryAfterMs })
  }
}
