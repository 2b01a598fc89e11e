import { codeOf } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'

/**
 * What SQLite's error means for the database. `busy`: somebody else is writing. `passing`: not now, as on a full disk.
 * `broken`: what was written may be lost or is damaged, so nothing more may be acknowledged. Null: an error of the caller's.
 */
export type Failure = 'busy' | 'passing' | 'broken' | null

const PASSING = /^SQLITE_(LOCKED|FULL|READONLY|CANTOPEN|IOERR_SHM)/
const BROKEN = /^SQLITE_(IOERR|CORRUPT|NOTADB)/
const DAMAGE = /\bSQLITE_(CORRUPT|NOTADB)/

/** As SQLite names the error; empty for what is none of SQLite's. drizzle wraps some in its own. */
export const sqliteCodeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = codeOf(cause)
  return cause instanceof Error && typeof code === 'string' && code.startsWith('SQLITE_') ? code : ''
}

export const judgeFailure = (error: unknown): Failure => {
  const code = sqliteCodeOf(error)
  if (code.startsWith('SQLITE_BUSY')) return 'busy'
  if (PASSING.test(code)) return 'passing'
  return BROKEN.test(code) ? 'broken' : null
}

/** Whether SQLite has found the file itself damaged. Our own errors tell it within their message, which crosses threads. */
export const isDamage = (error: Error): boolean => DAMAGE.test(`${sqliteCodeOf(error)} ${error.message}`)

/** Why nothing more is asked of it. */
export const CLOSED: Words = { en: 'it has been closed', zh: '已关闭' }
