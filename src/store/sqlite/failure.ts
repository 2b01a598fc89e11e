import { codeOf } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { StoreError } from '../stats/stats.ts'
import { databaseErrorOf } from '../unavailable.ts'

/**
 * Meaning of SQLite's error for the database. `busy`: another connection is writing. `passing`: a later call may
 * succeed, as after a full disk. `broken`: writes may be lost or damaged, so nothing more is acknowledged. Null: a
 * caller's error.
 */
export type Failure = 'busy' | 'passing' | 'broken' | null

/** The first match counts. Extended codes begin with the primary code. */
const CLASSES: readonly (readonly [codes: RegExp, failure: Failure, kind: StoreError])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'busy', 'busy'],
  [/^SQLITE_(FULL|IOERR_SHMSIZE)/, 'passing', 'full'],
  [/^SQLITE_READONLY/, 'passing', 'read_only'],
  [/^SQLITE_CANTOPEN/, 'passing', 'other'],
  [/^SQLITE_IOERR_SHM/, 'passing', 'io'],
  [/^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/, 'broken', 'corrupt'],
  [/^SQLITE_IOERR/, 'broken', 'io'],
]
const classOf = (code: string) => CLASSES.find(([codes]) => codes.test(code))

/** Returns SQLite's code of the error, or an empty text for other errors. drizzle wraps some in its own. */
export const sqliteCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = codeOf(cause)
  return cause instanceof Error && typeof code === 'string' && code.startsWith('SQLITE_') ? code : ''
}

export const judgeFailure = (error: unknown): Failure => classOf(sqliteCodeOf(error))?.[1] ?? null

/** The kind under which an error is counted. */
export const storeErrorOf = (error: unknown): StoreError => classOf(sqliteCodeOf(error))?.[2] ?? 'other'

/** Whether SQLite has found the file itself damaged. */
export const isDamage = (error: unknown): boolean =>
  classOf(sqliteCodeOf(error) || (databaseErrorOf(error) ?? ''))?.[2] === 'corrupt'

/** Reason for rejecting calls after `close`. */
export const CLOSED: Words = { en: 'it has been closed', zh: '已关闭' }
