import { closeSync, fdatasync, fstatSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const syncData = promisify(fdatasync)

/** Writes SQLite's log (the `-wal` file) through to the disk on another thread, while the event loop goes on. */
export interface LogSync {
  /** What was committed before the call is safe when it resolves. Rejects when the disk refuses, and safe is nothing then. */
  sync(): Promise<void>
  /** Of the log's file, which does not shrink when the log begins anew. */
  bytes(): number
  close(): void
}

/** @param path the database's; it must be open, and have been written to */
export const openLogSync = (path: string): LogSync => {
  const log = openSync(`${path}-wal`, 'r+')
  const folder = openSync(dirname(path), 'r')
  // The name of a new file is safe only when its folder is.
  fsyncSync(folder)
  closeSync(folder)
  return { sync: () => syncData(log), bytes: () => fstatSync(log).size, close: () => closeSync(log) }
}
