import { closeSync, existsSync, fdatasyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { codeOf } from '../../core/error.ts'
import type { CommandUser } from '../act.ts'
import type { BackupRecord } from '../backup.ts'
import { BackupError } from '../backup-problem.ts'
import { insertFileAct } from './acts.ts'
import { checkContent, countsOf, DAMAGE, type Keys, schemaOf, withCopy } from './backup-check.ts'
import { type BackupManifest, formatManifest, hashOf, manifestPathOf } from './backup-manifest.ts'
import { prepareBackupRecords } from './backup-records.ts'
import { syncFile, syncFolderOf, writeWhole } from './durable-files.ts'
import { sqliteCodeOf } from './failure.ts'
import { freeBytesOf } from './file-system.ts'

/** What is told while it goes on; `done` and `all` in bytes. */
export type BackupStep = { step: 'copying'; done: number; all: number } | { step: 'checking'; bytes: number }

export interface BackupOptions {
  /** The database's real path. */
  database: string
  /** Where the backup is to be, an absolute path. */
  file: string
  keys: Keys
  version: string
  /** Epoch ms. */
  now: () => number
  /** Names what is not ready yet. */
  newSuffix: () => string
  onStep: (step: BackupStep) => void
  signal: AbortSignal
}

const PRIVATE = 0o600
/** A service may be starting beside it. */
const BUSY_TIMEOUT_MS = 10_000
/** 1 MB in a step: then signals and progress have their turn. */
const STEP_PAGES = 256
/** The disk gets it bit by bit, and not at the end in one piece that the service's own syncs would have to wait for. */
const SYNC_EVERY_BYTES = 8 * 1024 * 1024
/** The manifest, and the folder's own entries. */
const SPARE_BYTES = 1024 * 1024
const NO_ROOM = /^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL)/

/**
 * Copies the database, as it is at one moment, beside whoever works on it: writers do not wait. The copy is looked through, opened
 * with the key, and counted; with its manifest it appears as `file` once it is whole and safe from a power cut. Whatever goes
 * wrong, nothing of it is left.
 *
 * Throws a `BackupError`.
 */
export const backUp = async (options: BackupOptions): Promise<BackupManifest> => {
  const { file, signal } = options
  assertFree(file)
  const draft = `${file}.${options.newSuffix()}.partial`
  try {
    closeSync(openSync(draft, 'wx', PRIVATE))
    const moment = await copySnapshot(draft, options)
    signal.throwIfAborted()
    const manifest = { ...moment, ...(await finish(draft, { ...options, ...moment })) }
    signal.throwIfAborted()
    writeWhole(manifestPathOf(draft), formatManifest(manifest))
    assertFree(file)
    renameSync(draft, file)
    renameSync(manifestPathOf(draft), manifestPathOf(file))
    syncFolderOf(file)
    return manifest
  } catch (error) {
    throw explain(error, file)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true })
    rmSync(manifestPathOf(draft), { force: true })
  }
}

/** Throws where something is at the place of the backup, or beside it that SQLite would take for its log. */
const assertFree = (file: string): void => {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new BackupError({ kind: 'is_folder', path: file })
  const taken = [file, manifestPathOf(file), `${file}-wal`, `${file}-journal`].find(path => existsSync(path))
  if (taken !== undefined) throw new BackupError({ kind: 'exists', path: taken })
  const folder = dirname(file)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new BackupError({ kind: 'no_folder', path: folder })
}

type Moment = Pick<BackupManifest, 'at' | 'schema' | 'counts'>

/** All in one transaction that reads: the copy and the counts are of the same moment, however long it takes. */
const copySnapshot = async (draft: string, { database, keys, now, onStep, signal }: BackupOptions): Promise<Moment> => {
  const client = openSource(database)
  const copied = openSync(draft, 'r')
  try {
    // What is told durable before this moment is in the copy.
    const at = new Date(now()).toISOString()
    client.exec('BEGIN')
    checkContent(client, database, { keys, deep: false })
    const pageBytes = Number(client.pragma('page_size', { simple: true }))
    const all = pageBytes * Number(client.pragma('page_count', { simple: true }))
    assertRoom(draft, all)
    let synced = 0
    await client.backup(draft, {
      progress: ({ totalPages, remainingPages }) => {
        signal.throwIfAborted()
        const done = (totalPages - remainingPages) * pageBytes
        onStep({ step: 'copying', done, all })
        if (done - synced >= SYNC_EVERY_BYTES) {
          fdatasyncSync(copied)
          synced = done
        }
        return STEP_PAGES
      },
    })
    return { at, schema: schemaOf(client), counts: countsOf(client) }
  } catch (error) {
    if (DAMAGE.test(sqliteCodeOf(error)))
      throw new BackupError({ kind: 'damaged', path: database, found: sqliteCodeOf(error) }, { cause: error })
    throw error
  } finally {
    closeSync(copied)
    client.close()
  }
}

const openSource = (database: string): Database.Database => {
  if (!existsSync(database)) throw new BackupError({ kind: 'no_database', path: database })
  try {
    return new Database(database, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  } catch (error) {
    throw new BackupError({ kind: 'not_readable', path: database, code: sqliteCodeOf(error) }, { cause: error })
  }
}

/** The copy as one file that opens on a disk which is read-only too; looked through, and safe from a power cut. */
const finish = async (
  draft: string,
  { database, keys, counts, version, onStep }: BackupOptions & Moment,
): Promise<Omit<BackupManifest, keyof Moment>> => {
  const { size: bytes } = statSync(draft)
  onStep({ step: 'checking', bytes })
  try {
    withCopy(
      draft,
      client => {
        client.pragma('journal_mode = DELETE')
        checkContent(client, draft, { keys, counts, deep: true })
      },
      { readonly: false },
    )
  } catch (error) {
    // The copy is no longer there when this is read: what is damaged is the database.
    if (error instanceof BackupError && 'path' in error.problem)
      throw new BackupError({ ...error.problem, path: database }, { cause: error })
    throw error
  }
  syncFile(draft)
  const masterKey = keys.keyId.toString('hex')
  return { format: 1, version, bytes: statSync(draft).size, sha256: await hashOf(draft), masterKey }
}

const assertRoom = (draft: string, bytes: number): void => {
  const [needed, free] = [bytes + SPARE_BYTES, freeBytesOf(dirname(draft))]
  if (free < needed) throw new BackupError({ kind: 'no_room', path: dirname(draft), needed, free })
}

const explain = (error: unknown, file: string): unknown => {
  if (error instanceof BackupError) return error
  if (error instanceof Error && error.name === 'AbortError') return new BackupError({ kind: 'stopped' })
  const code = sqliteCodeOf(error) || String(codeOf(error) ?? '')
  const folder = dirname(file)
  if (NO_ROOM.test(code)) {
    const free = freeBytesOf(folder)
    return new BackupError({ kind: 'no_room', path: folder, needed: 0, free }, { cause: error })
  }
  if (code === '') return error
  return new BackupError({ kind: 'not_writable', path: folder, code }, { cause: error })
}

/** Remembers in the database how a backup has ended. Waits for whoever is writing. */
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
