import type { Database } from 'better-sqlite3'
import type { StoreContext } from '../context.ts'
import type { Connection } from './connection.ts'

/** What every part of the SQLite store works with. */
export interface Context extends StoreContext, Omit<Connection, 'engineCounts' | 'read' | 'write'> {
  read: Connection['read']
  write: Connection['write']
  now: () => number
}

const once = <Of, Made>(make: (of: Of) => Made, clientOf: (of: Of) => Database): ((of: Of) => Made) => {
  const known = new WeakMap<Database, Made>()
  return of => {
    const client = clientOf(of)
    const made = known.get(client) ?? make(of)
    known.set(client, made)
    return made
  }
}

/**
 * Makes it once for each connection, whoever asks: several parts of the store need the same statements, and to prepare them takes
 * most of the time in which a file is opened. For what has no state besides.
 */
export const onceForClient = <Made>(make: (client: Database) => Made) => once(make, client => client)
/** The same of a context, of which nothing but the connection makes a difference. */
export const onceForContext = <Of extends { client: Database }, Made>(make: (of: Of) => Made) =>
  once(make, ({ client }) => client)
