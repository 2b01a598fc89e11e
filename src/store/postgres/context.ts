import type { StoreContext } from '../context.ts'
import type { Connection } from './connection.ts'

/** What every part of the PostgreSQL store works with. */
export interface Context extends Omit<StoreContext, 'read' | 'write'>, Pick<Connection, 'read' | 'write' | 'now'> {}
