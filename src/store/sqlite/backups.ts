import { existsSync, lstatSync, renameSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import Database from 'better-sqlite3'
import type { Config } from '../../config/settings.ts'
import { BackupError, type BackupRecord } from '../backup.ts'
import { findKeyBeside, keysOf } from '../master-key.ts'
import type { CommandUser } from '../operators/acts.ts'
import { sealedUnder } from '../sealed.ts'
import {
  COPY_BUSY_TIMEOUT_MS,
  checkBackup,
  copyChecked,
  type Keys,
  removeDatabase,
  withDatabase,
} from './checked-copy.ts'
import { realPathOf } from './database-file.ts'
import { insertFileAct, noteBackup } from './facts.ts'
import { syncFile, syncFolderOf } from './file-system.ts'
import { type PreparedRestore, prepareRestore } from './restore.ts'

interface Deps {
  /** Epoch ms. */
  now: () => number
  random: (bytes: number) => Buffer
}
type Storage = Pick<Config, 'storage'>

export interface BackupMade {
  /** Absolute paths of the backup and of its database. */
  file: string
  database: string
  /** Time of the backup, epoch ms. */
  at: number
  bytes: number
  /** Fingerprint of the key that opens it. */
  masterKey: string
}

/**
 * Backs up the configured database, which may be in use, and records the result there. `file` appears once the backup
 * is checked and synced, and contains its own record. Never creates a database, a key or a newer schema.
 *
 * Throws a `BackupError`, or an `Error` whose message begins with the name of the setting to change.
 */
export const makeBackup = async (
  { storage }: Storage,
  file: string,
  { by, now, random }: Deps & { by: CommandUser },
): Promise<BackupMade> => {
  const { path: database, keys } = locate(storage, random)
  const target = resolve(file)
  assertFree(target)
  const at = now()
  const draft = `${target}.partial`
  try {
    await copyChecked(database, draft, keys)
    const { size: bytes } = statSync(draft)
    const record = { outcome: 'good', at, path: target, bytes } as const
    withDatabase(draft, client => noteBackup(client, record))
    syncFile(draft)
    renameSync(draft, target)
    syncFolderOf(target)
    tryToRecord(database, record, { by, now: now() })
    return { file: target, database, at, bytes, masterKey: keys.keyId.toString('hex') }
  } catch (error) {
    const isOfAnother = error instanceof BackupError && error.fault === 'taken'
    if (!isOfAnother) removeDatabase(draft)
    const reason = error instanceof BackupError ? error.fault : 'unknown'
    tryToRecord(database, { outcome: 'failed', at, reason, path: target }, { by, now: now() })
    throw error
  }
}

/** Throws a `BackupError` if a file is in the way of a backup at this absolute path. */
const assertFree = (file: string): void => {
  // SQLite would treat a log or a journal there as the backup's.
  const existing = [file, `${file}.partial`, `${file}-wal`, `${file}-journal`].find(path => existsSync(path))
  if (existing !== undefined) throw new BackupError('taken', existing)
}

/** Records a backup's result in the database. If that fails, the backup is still valid. */
const tryToRecord = (database: string, record: BackupRecord, { by, now }: { by: CommandUser; now: number }): void => {
  try {
    const client = new Database(database, { fileMustExist: true, timeout: COPY_BUSY_TIMEOUT_MS })
    try {
      client.pragma('wal_autocheckpoint = 0')
      client.pragma('synchronous = FULL')
      const outcome = record.outcome === 'good' ? 'done' : 'failed'
      const write = client.transaction(() => {
        noteBackup(client, record)
        insertFileAct(client, { ...by, act: 'database.backup', outcome, at: now })
      })
      write.immediate()
    } finally {
      client.close()
    }
  } catch {}
}

/**
 * Prepares to replace the configured database with a backup.
 *
 * Throws a `BackupError`, or an `Error` whose message begins with the name of the setting to change.
 */
export const openRestore = async (
  { storage }: Storage,
  file: string,
  { now, random }: Deps,
): Promise<PreparedRestore & { database: string }> => {
  const { path: database, keys } = locate(storage, random, { mayBeMissing: true })
  const prepared = await prepareRestore({ file: resolve(file), database, keys, now })
  return { database, ...prepared }
}

/**
 * Returns why the backup cannot be restored now with the configured key, or null if it can.
 *
 * @param options.deep also checks the whole file for damage, in time proportional to its size
 */
export const findBackupProblem = (
  { storage }: Storage,
  file: string,
  { random, deep }: Pick<Deps, 'random'> & { deep: boolean },
): BackupError | null => {
  try {
    checkBackup(resolve(file), { keys: locate(storage, random).keys, deep })
    return null
  } catch (error) {
    if (error instanceof BackupError) return error
    throw error
  }
}

/** Returns the database's path and keys. */
const locate = (
  { database, ...storage }: Config['storage'],
  random: Deps['random'],
  { mayBeMissing = false } = {},
): { path: string; keys: Keys } => {
  if (database.kind === 'postgres') throw new BackupError('postgres', '')
  const named = resolve(database.path)
  // Checked first: `realPathOf` would create the folder.
  if (!mayBeMissing && !lstatSync(named, { throwIfNoEntry: false })) throw new BackupError('missing', named)
  const path = realPathOf(named)
  const { masterKey = findKeyBeside(path), previousKey } = keysOf(storage)
  if (masterKey === null) throw new BackupError('no_key', `${path}.key`)
  return { path, keys: sealedUnder({ masterKey, previousKey }, random) }
}
