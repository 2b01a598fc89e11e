import type { EventEmitter } from 'node:events'
import type { Sealed } from '../sealed.ts'
import type { StoreHints } from '../store.ts'
import type { OpenOr } from '../unreadable.ts'
import type { Connection } from './connection.ts'

/** What every part of the SQLite store works with. */
export interface Context extends Omit<Connection, 'engineCounts'> {
  sealed: Sealed
  openOr: OpenOr
  now: () => number
  hints: EventEmitter<StoreHints>
  /** Calls a second of an account that names none. */
  defaultRate: number
}
