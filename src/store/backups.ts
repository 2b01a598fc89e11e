import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config/settings.ts'
import type { CommandUser } from './act.ts'
import type { BackupRecord } from './backup.ts'
import { BackupError, type BackupProblem } from './backup-problem.ts'
import { findKeyBeside } from './master-key.ts'
import { sealedUnder } from './sealed.ts'
import { type BackupStep, backUp, recordBackup } from './sqlite/backup.ts'
import { type Keys, verifyFile } from './sqlite/backup-check.ts'
import type { BackupManifest } from './sqlite/backup-manifest.ts'
import { realPathOf, refuseForeign } from './sqlite/database-file.ts'
import { areOnOneDisk, networkOf } from './sqlite/file-system.ts'
import { restoreUnderWay } from './sqlite/half-restored.ts'
import { keepUnchecked } from './sqlite/presence.ts'
import { type PreparedRestore, prepareRestore, type RestoreStep } from './sqlite/restore.ts'

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
  manifest: BackupManifest
  /** Its time is in the database, where metrics and `doctor` find it. */
  isRecorded: boolean
  /** The network that keeps it, where it is one; and whether one disk that fails takes both away. */
  network: string | null
  isOnSameDisk: boolean
}

/**
 * Makes a backup of the database that the settings name, which may be in use. Its end, good or bad, is recorded there, but for what
 * `UNRECORDED` names. Never makes a database, a key or a newer schema.
 *
 * Throws a `BackupError`, or an `Error` that begins with the name of the setting to change.
 */
export const makeBackup = async (
  { storage }: Storage,
  file: string,
  {
    by,
    now,
    random,
    ...rest
  }: Deps & { by: CommandUser; version: string; onStep: (step: BackupStep) => void; signal: AbortSignal },
): Promise<BackupMade> => {
  assertThere(storage)
  const { path: database, keys } = locate(storage, random)
  await refuseForeign(database)
  const half = restoreUnderWay(database)
  if (half) throw new BackupError({ kind: 'half_restored', path: database, ...half })
  // How it ends is recorded in the database.
  keepUnchecked(database)
  const target = resolve(file)
  try {
    const newSuffix = () => random(6).toString('hex')
    const manifest = await backUp({ database, file: target, keys, now, newSuffix, ...rest })
    const { at, bytes } = manifest
    const record: BackupRecord = { outcome: 'good', at: Date.parse(at), path: target, bytes }
    const isRecorded = tryToRecord(database, record, { by, now: now() })
    const isOnSameDisk = areOnOneDisk(target, database)
    return { file: target, database, manifest, isRecorded, network: networkOf(target), isOnSameDisk }
  } catch (error) {
    const reason = error instanceof BackupError ? error.problem.kind : 'unknown'
    const at = now()
    if (!UNRECORDED.has(reason)) tryToRecord(database, { outcome: 'failed', at, reason }, { by, now: at })
    throw error
  }
}

/** By whoever typed the command: it was ended, or the file that it names cannot be made there, so nothing began. */
const UNRECORDED: ReadonlySet<string> = new Set<BackupProblem['kind']>(['stopped', 'is_folder', 'exists', 'no_folder'])

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
  { now, random, withoutManifest, onStep }: Deps & { withoutManifest: boolean; onStep: (step: RestoreStep) => void },
): Promise<PreparedRestore & { database: string }> => {
  const { path: database, keys } = locate(storage, random)
  const prepared = await prepareRestore({ file: resolve(file), database, keys, withoutManifest, now, onStep })
  return { database, ...prepared }
}

/**
 * Whether a backup is whole, as its manifest says, and opens with the key that the settings name: it could be restored now.
 *
 * @param options.deep also looks through the file itself, which takes time in proportion to its size
 */
export const verifyBackup = (
  { storage }: Storage,
  file: string,
  { random, deep = false }: Pick<Deps, 'random'> & { deep?: boolean },
): Promise<{ ok: true; manifest: BackupManifest } | { ok: false; problem: BackupProblem }> =>
  verifyFile(resolve(file), locate(storage, random).keys, { deep })

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
