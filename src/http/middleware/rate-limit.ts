import { AppError } from '../../core/error.ts'
import { type Bucket, FULL_BUCKET, type Rate, takeToken } from '../../core/token-bucket.ts'

const MOST_BUCKETS = 10_000

interface Caller {
  bucket: Bucket
  /** The number of its last call, counted over all callers. */
  lastCall: number
}

/**
 * A token bucket for each key. Throws `AppError('too_many_requests')` with `detail` when the bucket has too few tokens, and takes
 * none then. There are at most `MOST_BUCKETS`; the one that has been idle longest is dropped first.
 */
export const createRateLimit = (deps: { now: () => number; detail: string }) => {
  const callers = new Map<string, Caller>()
  let calls = 0

  /** Searches all of them, which is rare. A Map in the order of the calls would be rebuilt every few calls. */
  const dropIdlest = () => {
    let idlest = ''
    let lastCall = Number.POSITIVE_INFINITY
    for (const [key, caller] of callers) {
      if (caller.lastCall > lastCall) continue
      idlest = key
      lastCall = caller.lastCall
    }
    callers.delete(idlest)
  }

  const add = (key: string): Caller => {
    if (callers.size >= MOST_BUCKETS) dropIdlest()
    const caller = { bucket: FULL_BUCKET, lastCall: 0 }
    callers.set(key, caller)
    return caller
  }

  return (key: string, rate: Rate & { count?: number }): void => {
    const caller = callers.get(key) ?? add(key)
    const { bucket, retryAfterMs } = takeToken(caller.bucket, deps.now(), rate)
    caller.bucket = bucket
    caller.lastCall = ++calls
    if (retryAfterMs !== null) throw new AppError('too_many_requests', deps.detail, { retryAfterMs })
  }
}
