import { codeOf } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'
import type { StoreError } from '../stats/stats.ts'
import { databaseErrorOf } from '../unavailable.ts'

/**
 * What SQLite's error means for the database. `busy`: somebody else is writing. `passing`: not now, as on a full disk.
 * `broken`: what was written may be lost or is damaged, so nothing more may be acknowledged. Null: an error of the caller's.
 */
export type Failure = 'busy' | 'passing' | 'broken' | null

/** The first that fits. Extended codes begin with the plain one. */
const CLASSES: readonly (readonly [codes: RegExp, failure: Failure, kind: StoreError])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'busy', 'busy'],
  [/^SQLITE_FULL/, 'passing', 'full'],
  [/^SQLITE_READONLY/, 'passing', 'read_only'],
  [/^SQLITE_CANTOPEN/, 'passing', 'other'],
  [/^SQLITE_IOERR_SHM/, 'passing', 'io'],
  [/^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ)/, 'broken', 'corrupt'],
  [/^SQLITE_IOERR/, 'broken', 'io'],
]
const classOf = (code: string) => CLASSES.find(([codes]) => codes.test(code))

/** As SQLite names the error; empty for what is none of SQLite's. drizzle wraps some in its own. */
export const sqliteCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = codeOf(cause)
  return cause instanceof Error && typeof code === 'string' && code.startsWith('SQLITE_') ? code : ''
}

export const judgeFailure = (error: unknown): Failure => classOf(sqliteCodeOf(error))?.[1] ?? null

/** By what an error is counted. */
export const storeErrorOf = (error: unknown): StoreError => classOf(sqliteCodeOf(error))?.[2] ?? 'other'

/** Whether SQLite has found the file itself damaged. */
export const isDamage = (error: unknown): boolean =>
  classOf(sqliteCodeOf(error) || (databaseErrorOf(error) ?? ''))?.[2] === 'corrupt'

/** Why nothing more is asked of it. */
export const CLOSED: Words = { en: 'it has been closed', zh: '已关闭' }
