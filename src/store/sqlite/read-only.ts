import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import Database from 'better-sqlite3'
import { createOpenOr, sealedUnder } from '../sealed.ts'
import type { StoreHints } from '../store.ts'
import { BUSY_TIMEOUT_MS, createAttempts, createReads } from './connection.ts'
import type { Context } from './context.ts'
import { drizzle } from './drizzle.ts'
import type { SqliteOptions } from './store.ts'
import { createTxs } from './tx.ts'

/**
 * A connection that only reads, to a file that is there and at the current schema.
 *
 * @param path its real path
 */
export const openReadOnly = ({ path, masterKey, previousKey, now, defaultRate }: SqliteOptions): Context => {
  const hints = new EventEmitter<StoreHints>()
  hints.setMaxListeners(0)
  const client = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  const begin = createTxs(client)
  const reading = createReads(client)
  const { attempt } = createAttempts({ path, onBroken: error => hints.emit('broken', error) })
  return {
    db: drizzle({ client }),
    client,
    path,
    read: run => attempt(() => reading(() => run(begin(now())))),
    attempt,
    write: async () => {
      throw new Error('this connection only reads')
    },
    beginUpkeep: () => {},
    endStart: () => {},
    close: async () => void client.close(),
    sealed: sealedUnder({ masterKey, previousKey }, randomBytes),
    openOr: createOpenOr(hints),
    now,
    hints,
    tell: () => {},
    defaultRate,
  }
}
