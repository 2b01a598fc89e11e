import { EventEmitter } from 'node:events'
import { createKeyedQueue } from '../core/keyed-limiter.ts'
import { emitEach, type Hint, type StoreHints } from './hints.ts'
import { createOpenOr, type OpenOrElse, type Sealed, sealedUnder } from './sealed.ts'
import type { Transactions } from './tx.ts'

/**
 * The verbs of one module, by how they run: a function of each group makes them over a context.
 * The second argument has what only the engine knows (`Engine` in `store.ts`).
 */
export interface VerbModule {
  /** Read a few rows by key. SQLite: on the caller's thread, so that they wait for no write. */
  lookups?: MakeVerbs
  /** Read more, the more data there is. SQLite: on a thread that only reads. */
  lists?: MakeVerbs
  /** As `lists`, for operators, over all partners. PostgreSQL: at most two at a time use connections of the calls. */
  searches?: MakeVerbs
  /** Of the API and commands: they write, or read little and rarely. SQLite: on the writer's thread. */
  calls?: MakeVerbs
  /** Of workers, otherwise as `calls`. PostgreSQL: over connections of their own, so that neither waits for the other. */
  loops?: MakeVerbs
}
type MakeVerbs = (
  context: StoreContext,
  engine: never,
) => Readonly<Record<string, (...args: never[]) => Promise<unknown>>>

/** Dependencies of the store's verbs, on either engine. */
export interface StoreContext extends Transactions {
  /**
   * Queues reads of a caller, two at a time, so that a caller with thousands of them leaves the thread or the
   * connections to others. `caller`: a partner or an operator's token; for reads of nobody in particular, the verb.
   */
  queued: <T>(caller: string, read: () => Promise<T>) => Promise<T>
  sealed: Sealed
  openOrElse: OpenOrElse
  hints: EventEmitter<StoreHints>
  /** Emits hints here and, where nodes share a database, soon in the others. Only after the commit of their changes. */
  emitHints: (hints: readonly Hint[]) => void
  /** Calls per second of accounts without their own rate. */
  defaultRate: number
}

export interface ContextOptions {
  /** 32 bytes. */
  masterKey: Buffer
  /** The previous key, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  defaultRate: number
}

/** Concurrent reads per caller. With two, the next one is ready when one ends. */
const READS_AT_ONCE = 2

export const createHints = (): EventEmitter<StoreHints> => new EventEmitter<StoreHints>().setMaxListeners(0)

/** @param deps.random random bytes, for sealing */
export const createContext = (
  { read, write }: Transactions,
  { masterKey, previousKey, defaultRate }: ContextOptions,
  { random, hints }: { random: (bytes: number) => Buffer; hints: EventEmitter<StoreHints> },
): StoreContext => ({
  read,
  write,
  queued: createKeyedQueue(READS_AT_ONCE),
  hints,
  defaultRate,
  sealed: sealedUnder({ masterKey, previousKey }, random),
  openOrElse: createOpenOr(hints),
  emitHints: batch => emitEach(hints, batch),
})
