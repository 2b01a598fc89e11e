import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'

/** That this process is there, for others to see. */
export interface Presence {
  /** Somebody else was there already. */
  isShared: boolean
  close(): void
}

const NOBODY: Presence = { isShared: false, close: () => {} }
/** Another one that starts now holds the lock for some ms. */
const WAIT_MS = 1_000
const PRIVATE = 0o600

/**
 * Shows that a service has the database at `path` open, until it is closed or the process ends, however it ends. It is a lock of
 * SQLite's on a file beside the database: who has it alone for a moment is the only one. The lock on the database itself cannot
 * be asked for without working on its log.
 *
 * Where the file cannot be made, nobody is seen: what keeps it from being made is told when the database is opened.
 */
export const openPresence = (path: string): Presence => {
  const lock = `${path}.lock`
  try {
    closeSync(openSync(lock, 'wx', PRIVATE))
  } catch {
    // It is there, or SQLite says below that it cannot be.
  }
  let client: Database.Database | null = null
  try {
    client = new Database(lock, { timeout: 0 })
    const isShared = !isAlone(client)
    client.pragma(`busy_timeout = ${WAIT_MS}`)
    client.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
    return { isShared, close: client.close.bind(client) }
  } catch {
    client?.close()
    return NOBODY
  }
}

const isAlone = (client: Database.Database): boolean => {
  try {
    client.exec('BEGIN EXCLUSIVE; COMMIT')
    return true
  } catch {
    return false
  }
}
