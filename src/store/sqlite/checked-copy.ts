import { closeSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { codeOf } from '../../core/error.ts'
import { BackupError } from '../backup.ts'
import type { Sealed } from '../sealed.ts'
import { hasOurId } from './connection.ts'
import { isDamage, sqliteCodeOf } from './failure.ts'
import { ageOf, canaryOf } from './opening.ts'

/** Checks a database against the configured keys; `keyId` is the fingerprint of the current key. */
export type Keys = Pick<Sealed, 'canary' | 'keyId'>
type Client = Database.Database

const PRIVATE = 0o600
/** A service may use the database at the same time. */
export const COPY_BUSY_TIMEOUT_MS = 10_000
const NO_ROOM = /^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL|SQLITE_IOERR_SHMSIZE)/

/**
 * Copies the database at `from`, as of one moment, into the new file `to`, without blocking writers. The copy is one
 * file without a log, checked for damage, and opens with the keys. Throws a `BackupError`.
 */
export const copyChecked = async (from: string, to: string, keys: Keys): Promise<void> => {
  const source = openExisting(from)
  try {
    closeSync(openSync(to, 'wx', PRIVATE))
    // Without an open transaction each write would restart the copy.
    source.exec('BEGIN; SELECT 1 FROM sqlite_schema')
    await source.backup(to)
    withDatabase(to, client => {
      client.pragma('journal_mode = DELETE')
      checkContent(client, from, { keys, deep: true })
    })
  } catch (error) {
    throw backupErrorOf(error, { from, to })
  } finally {
    source.close()
  }
}

const openExisting = (path: string): Client => {
  try {
    return new Database(path, { readonly: true, fileMustExist: true, timeout: COPY_BUSY_TIMEOUT_MS })
  } catch (error) {
    throw new BackupError('missing', path, { cause: error })
  }
}

/** Throws a `BackupError` if the backup cannot be restored. @param deep also checks the whole file for damage */
export const checkBackup = (path: string, { keys, deep }: { keys: Keys; deep: boolean }): void => {
  const client = openExisting(path)
  try {
    checkContent(client, path, { keys, deep })
  } catch (error) {
    throw backupErrorOf(error, { from: path, to: path })
  } finally {
    client.close()
  }
}

const checkContent = (client: Client, path: string, { keys, deep }: { keys: Keys; deep: boolean }): void => {
  if (!hasOurId(client)) throw new BackupError('not_ours', path)
  if (ageOf(client) === 'later') throw new BackupError('newer_schema', path)
  checkKey(client, path, keys)
  const found = deep ? client.prepare<[], string>('PRAGMA integrity_check(1)').pluck().get() : 'ok'
  if (found !== 'ok') throw new BackupError('damaged', path, { detail: String(found).replaceAll(/\s+/g, ' ') })
}

const checkKey = (client: Client, path: string, { canary, keyId }: Keys): void => {
  const sealed = canaryOf(client)
  if (sealed && canary.isOurs(sealed)) return
  throw new BackupError('wrong_key', path, { detail: sealed?.toString('hex', 0, keyId.length) ?? '-' })
}

/** Returns the `BackupError` for an error of SQLite or the file system; other errors are returned unchanged. */
export const backupErrorOf = (error: unknown, { from, to }: { from: string; to: string }): unknown => {
  if (error instanceof BackupError) return error
  const code = sqliteCodeOf(error) || String(codeOf(error) ?? '')
  if (isDamage(error)) return new BackupError('damaged', from, { detail: code, cause: error })
  if (code === 'EEXIST') return new BackupError('taken', to, { cause: error })
  if (NO_ROOM.test(code)) return new BackupError('no_room', dirname(to), { cause: error })
  return code === '' ? error : new BackupError('not_usable', dirname(to), { detail: code, cause: error })
}

/** Runs it on a database that should have no other user. */
export const withDatabase = <T>(path: string, run: (client: Client) => T): T => {
  const client = new Database(path, { fileMustExist: true })
  try {
    client.pragma('synchronous = FULL')
    return run(client)
  } finally {
    client.close()
  }
}

/** Removes a database and SQLite's files beside it. */
export const removeDatabase = (path: string): void => {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}
