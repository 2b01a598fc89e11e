import { EventEmitter } from 'node:events'
import { emitEach, type Hint, type StoreHints } from './hints.ts'
import { createOpenOr, type OpenOrElse, type Sealed, sealedUnder } from './sealed.ts'
import type { Transactions } from './tx.ts'

/** Dependencies of the store's verbs, on either engine. */
export interface StoreContext extends Transactions {
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

export const createHints = (): EventEmitter<StoreHints> => new EventEmitter<StoreHints>().setMaxListeners(0)

/** @param deps.random random bytes, for sealing */
export const createContext = (
  { read, write }: Transactions,
  { masterKey, previousKey, defaultRate }: ContextOptions,
  { random, hints }: { random: (bytes: number) => Buffer; hints: EventEmitter<StoreHints> },
): StoreContext => ({
  read,
  write,
  hints,
  defaultRate,
  sealed: sealedUnder({ masterKey, previousKey }, random),
  openOrElse: createOpenOr(hints),
  emitHints: batch => emitEach(hints, batch),
})
