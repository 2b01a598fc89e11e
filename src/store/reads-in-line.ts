import { createKeyedQueue } from '../core/keyed-limiter.ts'
import type { Store } from './store.ts'

/**
 * So many reads of one caller are under way at a time; the second is at hand when the first ends. So whoever has thousands of lists waiting
 * leaves the thread, or the connections, to the others.
 */
const READS_AT_ONCE = 2

/** What callers may ask for as often as they like. */
const READS = [
  'findRegistration',
  'listRegistrations',
  'lookUpRegistrations',
  'listAttempts',
  'listEvents',
  'explain',
  'statusOf',
  'usageOf',
  'listSigningSecrets',
  'listCallbacks',
  'countExhausted',
  'searchRegistrations',
  'countRegistrations',
  'groupFailures',
  'listActs',
  'listOperatorEvents',
  'stats',
] as const satisfies (keyof Store)[]

/**
 * These verbs, of which the reads of each caller wait in line among themselves. The first argument that is a text says whose a read is: a
 * partner's, or an operator's token's. Where none is, those of the verb wait.
 */
export const readsInLine = <Verbs extends Pick<Store, (typeof READS)[number]>>(verbs: Verbs): Verbs => {
  const queued = createKeyedQueue(READS_AT_ONCE)
  const inLine = READS.map(name => {
    const read = verbs[name] as (...args: unknown[]) => Promise<unknown>
    const readInLine = (...args: unknown[]) =>
      queued(args.find(arg => typeof arg === 'string') ?? name, () => read(...args))
    return [name, readInLine]
  })
  return { ...verbs, ...Object.fromEntries(inLine) }
}
