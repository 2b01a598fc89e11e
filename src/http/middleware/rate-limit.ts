import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import { type Bucket, FULL_BUCKET, fullInMs, type Rate, takeToken } from '../../core/token-bucket.ts'

const MOST_BUCKETS = 10_000

interface Caller {
  bucket: Bucket
  /** The tokens a second of its last call. */
  rate: number
}

/**
 * A token bucket for each key: how many ms until it has the tokens again, and none are taken; null: they were taken. There are at
 * most `MOST_BUCKETS`: whoever brings many keys must not make it forget those that it has to refuse, so those that are full are
 * dropped, which loses nothing, and where none is the one that would be full first.
 */
export const createBuckets = (deps: { now: () => number }) => {
  const callers = new Map<string, Caller>()

  /** Searches all of them, which is rare: as a rule it drops many at once. */
  const makeRoom = () => {
    const now = deps.now()
    let first = ''
    let firstInMs = Number.POSITIVE_INFINITY
    for (const [key, { bucket, rate }] of callers) {
      const inMs = fullInMs(bucket, now, { rate })
      if (inMs <= 0) callers.delete(key)
      if (inMs >= firstInMs) continue
      first = key
      firstInMs = inMs
    }
    if (callers.size >= MOST_BUCKETS) callers.delete(first)
  }

  const add = (key: string, rate: number): Caller => {
    if (callers.size >= MOST_BUCKETS) makeRoom()
    const caller = { bucket: FULL_BUCKET, rate }
    callers.set(key, caller)
    return caller
  }

  return (key: string, rate: Rate & { count?: number }): number | null => {
    const caller = callers.get(key) ?? add(key, rate.rate)
    const { bucket, retryAfterMs } = takeToken(caller.bucket, deps.now(), rate)
    caller.bucket = bucket
    caller.rate = rate.rate
    return retryAfterMs
  }
}

/** For limits that hold for all nodes together. */
export interface SharedRate {
  /** The part of it that this node allows now. */
  rateShare: () => number
}

/** A part of a rate. What may be taken at once fits into its burst, as it did into the whole one. */
const partOf = (share: number, { rate, burst, count = 1 }: Rate & { count?: number }) => ({
  rate: rate * share,
  burst: Math.max(burst * share, Math.min(burst, count)),
  count,
})

/**
 * Throws `AppError('too_many_requests')` with `detail` when the key's bucket has too few tokens.
 *
 * @param deps.rateShare null: what it protects is of this node alone
 */
export const createRateLimit = (deps: {
  now: () => number
  rateShare: SharedRate['rateShare'] | null
  detail: Words
}) => {
  const take = createBuckets(deps)
  return (key: string, rate: Rate & { count?: number }): void => {
    const retryAfterMs = take(key, partOf(deps.rateShare?.() ?? 1, rate))
    if (retryAfterMs !== null) throw new AppError('too_many_requests', deps.detail, { retryAfterMs })
  }
}

export interface KeyRateDeps extends SharedRate {
  now: () => number
  /** Requests a second with one key or token; bursts may be twice that. */
  apiRate: number
}

const keyRateWords = (apiRate: number): Words => ({
  en: `This key may make ${apiRate} requests a second, in bursts of twice that.`,
  zh: `该 API 密钥每秒最多 ${apiRate} 次请求，突发上限为其两倍。`,
})

/** Throws `AppError('too_many_requests')` where a key, or a token, has been used too often. */
export const createKeyRate = ({ apiRate, ...deps }: KeyRateDeps) => {
  const take = createRateLimit({
    ...deps,
    detail: keyRateWords(apiRate),
  })
  return (id: string): void => take(id, { rate: apiRate, burst: 2 * apiRate })
}
