import { AppError } from '../../core/error.ts'
import { type Bucket, FULL_BUCKET, type Rate, takeToken } from '../../core/token-bucket.ts'

const MOST_BUCKETS = 10_000

interface Caller {
  bucket: Bucket
  /** Which of all calls was its last one. */
  lastCall: number
}

/** A token bucket for each key; throws `too_many_requests` where one is empty. The bucket idle longest is forgotten first. */
export const createRateLimit = (deps: { now: () => number; detail: string }) => {
  const callers = new Map<string, Caller>()
  let calls = 0

  /** Looked for when there are too many. A Map kept in the order of their calls would be made anew every few calls. */
  const forgetIdlest = () => {
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
    if (callers.size >= MOST_BUCKETS) forgetIdlest()
    const caller = { bucket: FULL_BUCKET, lastCall: 0 }
    callers.set(key, caller)
    return caller
  }

  return (key: string, rate: Rate): void => {
    const caller = callers.get(key) ?? add(key)
    const { bucket, retryAfterMs } = takeToken(caller.bucket, deps.now(), rate)
    caller.bucket = bucket
    caller.lastCall = ++calls
    if (retryAfterMs !== null) throw new AppError('too_many_requests', deps.detail, { retryAfterMs })
  }
}
