import type { EventEmitter } from 'node:events'
import type { Hint } from '../hints.ts'
import type { OpenOr, Sealed } from '../sealed.ts'
import type { StoreHints } from '../store.ts'
import type { Connection } from './connection.ts'

/** What every part of the PostgreSQL store works with. */
export interface Context extends Pick<Connection, 'read' | 'write' | 'now'> {
  sealed: Sealed
  openOr: OpenOr
  hints: EventEmitter<StoreHints>
  /** Tells hints in this process, and before long in the others. Only after the commit of what they tell. */
  tell: (hints: readonly Hint[]) => void
  /** Calls a second of an account that names none. */
  defaultRate: number
}
