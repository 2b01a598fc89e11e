import type { EventEmitter } from 'node:events'
import type { Hint } from './hints.ts'
import type { OpenOr, Sealed } from './sealed.ts'
import type { StoreHints } from './store.ts'
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
