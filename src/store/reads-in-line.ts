import { createKeyedQueue } from '../core/keyed-limiter.ts'

/** Concurrent reads per caller. With two, the next one is ready when one ends. */
const READS_AT_ONCE = 2

/**
 * Queues the reads of each caller among themselves, so that a caller with thousands of them leaves the thread or the
 * connections to others. The first string argument identifies the caller: a partner or an operator's token. Calls
 * without one share a queue per verb.
 */
export const queueReadsByCaller = <Reads extends object>(reads: Reads): Reads => {
  const queued = createKeyedQueue(READS_AT_ONCE)
  const inLine = ([name, read]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) => queued(args.find(arg => typeof arg === 'string') ?? name, () => read(...args)),
  ]
  return Object.fromEntries(Object.entries(reads).map(inLine)) as Reads
}
