import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { markUnchecked, wasLeftOpen } from './database-file.ts'
import { holdersOf } from './holders.ts'

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

const lockOf = (path: string): string => `${path}.lock`

/**
 * Shows that a service has the database at `path` open, until it is closed or the process ends, however it ends. It is a lock of
 * SQLite's on a file beside the database: who has it alone for a moment is the only one. The lock on the database itself cannot
 * be asked for without working on its log.
 *
 * Where the file cannot be made, nobody is seen: what keeps it from being made is told when the database is opened.
 */
export const openPresence = (path: string): Presence => {
  const lock = lockOf(path)
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

/**
 * Before a short command opens the database at the real path `path`: after a crash the command takes away the log that tells the
 * next start to look for damage, so this leaves the mark that tells it as well.
 */
export const keepUnchecked = (path: string): void => {
  if (wasLeftOpen(path) && !isServed(path) && holdersOf(path).length === 0) markUnchecked(path)
}

/**
 * Whether a service shows that it has the database at the real path `path` open. Makes no file, which might be of a user that the
 * service is not. For some microseconds it has the lock itself: a service that starts just then takes it for another one.
 */
export const isServed = (path: string): boolean => {
  let client: Database.Database | null = null
  try {
    client = new Database(lockOf(path), { fileMustExist: true, timeout: 0 })
    return !isAlone(client)
  } catch {
    return false
  } finally {
    client?.close()
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
