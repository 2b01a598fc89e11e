import { existsSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { CommandUser } from '../act.ts'
import type { BackupRecord } from '../backup.ts'
import { BackupError } from '../backup-problem.ts'
import { insertFileAct } from './acts.ts'
import { prepareBackupRecords } from './backup-records.ts'
import { copyChecked, type Keys, removeDatabase, withDatabase } from './checked-copy.ts'
import { syncFile, syncFolderOf } from './durable-files.ts'

/** A service may be writing beside it. */
const BUSY_TIMEOUT_MS = 10_000

/** Throws a `BackupError` where a backup cannot be put at this absolute path. */
export const assertFree = (file: string): void => {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new BackupError({ kind: 'is_folder', path: file })
  // SQLite would take a log or a journal there for the backup's own.
  const taken = [file, `${file}.partial`, `${file}-wal`, `${file}-journal`].find(path => existsSync(path))
  if (taken !== undefined) throw new BackupError({ kind: 'exists', path: taken })
  const folder = dirname(file)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new BackupError({ kind: 'no_folder', path: folder })
}

/**
 * Makes a backup beside whoever works on the database. It appears as `file` once it is checked and safe from a power cut, and knows its
 * own moment. Returns its size in bytes.
 *
 * @param at not later than the moment of the copy, epoch ms
 */
export const backUp = async (
  database: string,
  file: string,
  { keys, at }: { keys: Keys; at: number },
): Promise<number> => {
  assertFree(file)
  const draft = `${file}.partial`
  try {
    await copyChecked(database, draft, keys)
    const { size: bytes } = statSync(draft)
    withDatabase(draft, client => prepareBackupRecords(client).record({ outcome: 'good', at, path: file, bytes }))
    syncFile(draft)
    renameSync(draft, file)
    syncFolderOf(file)
    return bytes
  } catch (error) {
    removeDatabase(draft)
    throw error
  }
}

/** Remembers in the database how a backup has ended. */
export const recordBackup = (
  database: string,
  record: BackupRecord,
  { by, now }: { by: CommandUser; now: number },
): void => {
  const client = new Database(database, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  try {
    client.pragma('wal_autocheckpoint = 0')
    client.pragma('synchronous = FULL')
    const records = prepareBackupRecords(client)
    const outcome = record.outcome === 'good' ? 'done' : 'failed'
    client
      .transaction(() => {
        records.record(record)
        insertFileAct(client, { ...by, act: 'database.backup', outcome, at: now })
      })
      .immediate()
  } finally {
    client.close()
  }
}
