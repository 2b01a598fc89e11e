import { userInfo } from 'node:os'
import { AppError, codeOf } from '../core/error.ts'
import { sqliteCodeOf } from './sqlite/failure.ts'

/** What keeps us from the file, and what to do; `{user}` stands for who we are. */
const ADVICE: readonly (readonly [codes: RegExp, advice: string])[] = [
  [/^(EACCES|EPERM)$/, '{user} may not: give that user the file and its folder (chown), or name another path'],
  [/^(EROFS|SQLITE_READONLY)/, 'it is read-only: mount its disk for writing, or name a path on another one'],
  [/^(ENOSPC|EDQUOT|SQLITE_FULL)/, 'its disk is full: make room, and start again'],
  [/^ENOTDIR$/, 'a part of the path is a file, not a folder: name another path'],
  [/^ENOENT$/, 'a folder of the path is not there and cannot be made: name another path'],
  [/^(ELOOP|ENAMETOOLONG)$/, 'the path leads nowhere: name another one'],
  [/^(EMFILE|ENFILE)$/, 'too many files are open: raise the limit (ulimit -n)'],
  [/^SQLITE_CANTOPEN/, '{user} cannot open it, or its -wal or -shm: look at who owns them, and their folder'],
  [/^SQLITE_(BUSY|LOCKED)/, 'another process has kept it busy for 10 s: wait until that ends, or end it'],
  [/^SQLITE_IOERR/, 'its disk fails: look into the log of the system'],
]

/** What is over once others have made room, or have ended. */
const PASSING = /^(ENOSPC|EDQUOT|SQLITE_(FULL|BUSY|LOCKED))/

/** SQLite's or the system's. Of an error of ours, the one that its message tells. */
const reasonCodeOf = (error: unknown): string => {
  const told = error instanceof AppError ? /\bSQLITE_\w+/.exec(error.message)?.[0] : undefined
  return String(told ?? (sqliteCodeOf(error) || codeOf(error)))
}

/** Whether what `explainOpening` has explained may pass by itself: the next start may work with the same settings. */
export const mayPass = (error: unknown): boolean => error instanceof Error && PASSING.test(reasonCodeOf(error.cause))

const whoWeAre = (): string => {
  try {
    const { username, uid } = userInfo()
    return `user ${username} (uid ${uid})`
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/**
 * The error that keeps the database from being opened, as a sentence that names the setting, the absolute path, who we are where
 * that matters, and what to do. An error that says all of that already, or that nobody foresaw, stays what it is.
 *
 * @param path the database's
 */
export const explainOpening = (error: unknown, path: string): unknown => {
  const code = reasonCodeOf(error)
  const advice = ADVICE.find(([codes]) => codes.test(code))?.[1]
  if (advice === undefined) return error
  const { path: failed } = error as { path?: unknown }
  const key = `${path}.key`
  // Of a file that is made beside the database the name says nothing to anybody.
  const isDraft = typeof failed !== 'string' || (failed.startsWith(`${path}.`) && failed !== key)
  const where = isDraft ? path : failed
  const setting = where === key ? 'MASTER_KEY' : 'DATABASE_URL'
  const message = `${setting}: ${where} cannot be used (${code}): ${advice.replace('{user}', whoWeAre())}`
  return new Error(message, { cause: error })
}
