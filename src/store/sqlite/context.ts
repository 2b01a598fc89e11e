import type { StoreContext } from '../context.ts'
import type { Connection } from './connection.ts'

/** What every part of the SQLite store works with. */
export interface Context extends StoreContext, Omit<Connection, 'engineCounts' | 'read' | 'write'> {
  read: Connection['read']
  write: Connection['write']
  now: () => number
}
