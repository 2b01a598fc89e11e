import type { EventEmitter } from 'node:events'
import type { StoreEvents } from '../store.ts'
import type { Vault } from '../vault.ts'
import type { Connection } from './connection.ts'

/** What every part of the SQLite store works with. */
export interface Context extends Connection {
  vault: Vault
  now: () => number
  events: EventEmitter<StoreEvents>
  /** Calls a second of an account that names none. */
  defaultRate: number
  /** Test serials are answered by the service itself, and their messages say so. */
  sandbox: boolean
}
