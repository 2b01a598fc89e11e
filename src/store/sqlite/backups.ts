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
  /** The backup, and the database that it is of: absolute paths. */
  file: string
  database: string
  /** Of which moment it is, epoch ms. */
  at: number
  bytes: number
  /** The fingerprint of the key that opens it. */
  masterKey: string
}

/**
 * Makes a backup of the database that the settings name, which may be in use, and records there how it ended. It appears as `file` once
 * it is checked and safe from a power cut, and knows its own moment. Never makes a database, a key or a newer schema.
 *
 * Throws a `BackupError`, or an `Error` that begins with the name of the setting to change.
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
    tryToRecord(database, { outcome: 'failed', at, reason }, { by, now: now() })
    throw error
  }
}

/** Throws a `BackupError` where a backup cannot be put at this absolute path. */
const assertFree = (file: string): void => {
  // SQLite would take a log or a journal there for the backup's own.
  const taken = [file, `${file}.partial`, `${file}-wal`, `${file}-journal`].find(path => existsSync(path))
  if (taken !== undefined) throw new BackupError('taken', taken)
}

/** Remembers in the database how a backup has ended. Where it cannot be written, the backup is good all the same. */
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
 * Prepares to put a backup in the place of the database that the settings name.
 *
 * Throws a `BackupError`, or an `Error` that begins with the name of the setting to change.
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
 * Why the backup could not be restored now with the key that the settings name; null: it could.
 *
 * @param options.deep also looks through the file itself, which takes time in proportion to its size
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

/** Where the database is, and what opens it. */
const locate = (
  { database, ...storage }: Config['storage'],
  random: Deps['random'],
  { mayBeMissing = false } = {},
): { path: string; keys: Keys } => {
  if (database.kind === 'postgres') throw new BackupError('postgres', '')
  const named = resolve(database.path)
  // Before anything else, which would make its folder.
  if (!mayBeMissing && !lstatSync(named, { throwIfNoEntry: false })) throw new BackupError('missing', named)
  const path = realPathOf(named)
  const { masterKey = findKeyBeside(path), previousKey } = keysOf(storage)
  if (masterKey === null) throw new BackupError('no_key', `${path}.key`)
  return { path, keys: sealedUnder({ masterKey, previousKey }, random) }
}
