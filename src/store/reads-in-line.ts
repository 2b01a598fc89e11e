import { createKeyedQueue } from '../core/keyed-limiter.ts'

/** The second is at hand when the first ends. */
const READS_AT_ONCE = 2

/**
 * Has the reads of each caller wait in line among themselves, so that whoever has thousands of them waiting leaves the thread, or the
 * connections, to others. The first argument that is a text says whose a read is: a partner's, or an operator's token's. Where none is,
 * those of the verb wait.
 */
export const readsInLine = <Reads extends object>(reads: Reads): Reads => {
  const queued = createKeyedQueue(READS_AT_ONCE)
  const inLine = ([name, read]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) => queued(args.find(arg => typeof arg === 'string') ?? name, () => read(...args)),
  ]
  return Object.fromEntries(Object.entries(reads).map(inLine)) as Reads
}
