import { EventEmitter } from 'node:events'
import { type Hint, type StoreHints, tellHints } from './hints.ts'
import { createOpenOr, type OpenOr, type Sealed, sealedUnder } from './sealed.ts'
import type { Transactions } from './tx.ts'

/** What the verbs of the store work with, on either engine. */
export interface StoreContext extends Transactions {
  sealed: Sealed
  openOr: OpenOr
  hints: EventEmitter<StoreHints>
  /** Tells hints: in this process, and where nodes share a database before long in the others. Only after the commit of what they tell. */
  tell: (hints: readonly Hint[]) => void
  /** Calls a second of an account that names none. */
  defaultRate: number
}

export interface ContextOptions {
  /** 32 bytes. */
  masterKey: Buffer
  /** The one before it, while rows may still be sealed under it. */
  previousKey?: Buffer | undefined
  defaultRate: number
}

export const createHints = (): EventEmitter<StoreHints> => new EventEmitter<StoreHints>().setMaxListeners(0)

/** @param deps.random random bytes, for what is sealed */
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
  openOr: createOpenOr(hints),
  tell: told => tellHints(hints, told),
})
