import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config/settings.ts'
import type { CommandUser } from './act.ts'
import { BackupError, type BackupProblem } from './backup-problem.ts'
import { findKeyBeside } from './master-key.ts'
import { sealedUnder } from './sealed.ts'
import { assertFree, backUp, recordBackup } from './sqlite/backup.ts'
import { checkBackup, type Keys } from './sqlite/checked-copy.ts'
import { realPathOf } from './sqlite/database-file.ts'
import { type PreparedRestore, prepareRestore } from './sqlite/restore.ts'

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
  /** Its time is in the database, where metrics and `doctor` find it. */
  isRecorded: boolean
}

/**
 * Makes a backup of the database that the settings name, which may be in use, and records there how it ended. Never makes a database,
 * a key or a newer schema.
 *
 * Throws a `BackupError`, or an `Error` that begins with the name of the setting to change.
 */
export const makeBackup = async (
  { storage }: Storage,
  file: string,
  { by, now, random }: Deps & { by: CommandUser },
): Promise<BackupMade> => {
  assertThere(storage)
  const { path: database, keys } = locate(storage, random)
  const target = resolve(file)
  assertFree(target)
  const at = now()
  try {
    const bytes = await backUp(database, target, { keys, at })
    const isRecorded = tryToRecord(database, { outcome: 'good', at, path: target, bytes }, { by, now: now() })
    return { file: target, database, at, bytes, masterKey: keys.keyId.toString('hex'), isRecorded }
  } catch (error) {
    const reason = error instanceof BackupError ? error.problem.kind : 'unknown'
    tryToRecord(database, { outcome: 'failed', at, reason }, { by, now: now() })
    throw error
  }
}

/** Where the database cannot be written, the backup is what it is all the same. */
const tryToRecord = (...args: Parameters<typeof recordBackup>): boolean => {
  try {
    recordBackup(...args)
    return true
  } catch {
    return false
  }
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
  const { path: database, keys } = locate(storage, random)
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
): BackupProblem | null => {
  try {
    checkBackup(resolve(file), { keys: locate(storage, random).keys, deep })
    return null
  } catch (error) {
    if (error instanceof BackupError) return error.problem
    throw error
  }
}

/** Before anything else, which would make its folder. A symbolic link is judged later. */
const assertThere = ({ database }: Config['storage']): void => {
  if (database.kind === 'postgres') return
  const path = resolve(database.path)
  if (!lstatSync(path, { throwIfNoEntry: false })) throw new BackupError({ kind: 'no_database', path })
}

/** Where the database is, and what opens it. */
const locate = (storage: Config['storage'], random: Deps['random']): { path: string; keys: Keys } => {
  if (storage.database.kind === 'postgres') throw new BackupError({ kind: 'postgres' })
  const path = realPathOf(resolve(storage.database.path))
  const given = storage.masterKey && Buffer.from(storage.masterKey.reveal(), 'base64')
  const key = given ?? findKeyBeside(path)
  if (key === null) throw new BackupError({ kind: 'no_key', path: `${path}.key` })
  const previous = storage.previousMasterKey && Buffer.from(storage.previousMasterKey.reveal(), 'base64')
  return { path, keys: sealedUnder({ masterKey: key, previousKey: previous }, random) }
}
