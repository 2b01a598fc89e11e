import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { yieldToLoop } from '../../core/clock.ts'
import { createContext, createHints } from '../context.ts'
import { createVerbsOf } from '../store.ts'
import { BUSY_TIMEOUT_MS, createAttempts, createReads } from './connection.ts'
import { realPathOf } from './database-file.ts'
import { createFileFigures } from './file-system.ts'
import type { SqliteOptions } from './store.ts'
import { createTxs } from './tx.ts'

/**
 * Opens a read-only connection to an existing file at the current schema. It sees a commit only once it is synced
 * (decisions/010).
 *
 * @param options.path its real path
 */
export const openReadOnly = ({ path, now, ...options }: SqliteOptions, hints = createHints()) => {
  const client = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  const begin = createTxs(client)
  const reading = createReads(client)
  const { attempt } = createAttempts({ path, onBroken: error => hints.emit('broken', error) })
  const context = createContext(
    {
      read: run => attempt(() => reading(() => run(begin(now())))),
      write: async () => {
        throw new Error('this connection only reads')
      },
    },
    options,
    { random: randomBytes, hints },
  )
  const close = async () => {
    // Lets reads end that have begun.
    await yieldToLoop()
    client.close()
  }
  return { client, context, engine: { figuresOf: createFileFigures(path) }, close }
}

/** Returns the groups of verbs that read elsewhere than on the writer's thread, beside a store that has the file open. */
export const openReadOnlyStore = (options: SqliteOptions, hints = createHints()) => {
  const { context, engine, close } = openReadOnly({ ...options, path: realPathOf(options.path) }, hints)
  return {
    hints,
    lookups: createVerbsOf('lookups', context, engine),
    /** For a thread of its own. */
    reads: { ...createVerbsOf('lists', context, engine), ...createVerbsOf('searches', context, engine) },
    close,
  }
}
