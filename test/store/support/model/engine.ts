import type { Store } from '../../../../src/store/store.ts'
import type { Name, Values } from './compared.ts'
import type { Invariant } from './invariants.ts'

/** Where a database numbers its rows. */
export type Sequence = 'verifications' | 'messages' | 'lanes'

/** What is in a database at one moment. */
export interface Contents {
  /** In the order of their key. */
  tables: Record<Name, readonly Values[]>
  /** How many rows break it. */
  broken: Record<Invariant, number>
}

/** A database that histories are run on, and all that the model test does with it but for calling the store. */
export interface Engine {
  name: string
  /** Whether what is called in one turn of the event loop is done in the order of the calls. */
  inTurn: boolean
  /** Two of one database, by one clock. */
  handles: readonly [Store, Store]
  /** Null: nothing was written since it was read last. */
  read(): Promise<Contents | null>
  /**
   * The numbers that were given out last, of rows that may have been undone with their transaction; null: such a number is given
   * out again.
   */
  newest(): Promise<Readonly<Record<Sequence, number>> | null>
  /** Gives out the numbers behind these next, where it would give out those of rows that were undone again. */
  skipTo(numbers: Readonly<Record<Sequence, number>>): Promise<void>
  /** What nodes do beside the calls, which nobody is told of. */
  upkeep(): Promise<unknown>
  /** Gives what puts everything back as it is now, but adds `suffix` to the ids of the accounts, by which a store remembers whose turn it is. */
  save(): Promise<(suffix: string) => Promise<void>>
  [Symbol.asyncDispose](): Promise<void>
}

/** @param options.defaultRate calls a second of an account that names none */
export type OpenEngine = (options: { now: () => number; defaultRate: number }) => Promise<Engine>
